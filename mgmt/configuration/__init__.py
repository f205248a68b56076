"""The whole house as one text: what the page shows, written out, and put in force again."""
