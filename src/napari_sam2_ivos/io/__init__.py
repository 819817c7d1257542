"""Files in, files out: movies, prompts, label stacks, tables and pictures."""
