"""Green made from blue: new names and labels, what the plan changes, and every reference that follows."""
