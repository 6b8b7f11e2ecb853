"""The account context: what Marketo knows of the accounts that a mirror sync has brought there."""
