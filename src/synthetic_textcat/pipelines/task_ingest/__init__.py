"""Task ingestion: merges the user's tasks file and brainstormed tasks into the table `tasks`."""
