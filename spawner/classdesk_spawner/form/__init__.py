"""What a learner is asked, and what they answered, validated."""
