"""What is shown: the report's page and the plots."""
