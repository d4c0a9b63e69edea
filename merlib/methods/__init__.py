"""The other methods of the papers' tables, a module a method."""
