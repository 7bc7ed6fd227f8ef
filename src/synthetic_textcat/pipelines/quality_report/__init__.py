"""Quality report: checks candidates, measures signals, and accounts for every planned row."""
