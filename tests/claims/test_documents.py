"""What the chapter Documents claims."""
