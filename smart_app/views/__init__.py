"""What pages print: our words for the domain's answers, in shapes ready for templates."""
