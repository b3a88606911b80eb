"""What commands print for people: tables that fit the terminal, with nothing cut off."""
