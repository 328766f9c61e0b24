"""Lists of customers from other systems: files of rows with a header."""
