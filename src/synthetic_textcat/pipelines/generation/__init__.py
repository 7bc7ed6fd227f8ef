"""Generation: sends the planned requests to the model, then parses the journal into candidates and failed rows."""
