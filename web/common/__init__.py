"""What several apps share: the look, safe headers, problem+json, how amounts read. No app's own rule."""
