"""What several apps share: the look, safe headers, problem+json, how amounts are written. No app's own rule."""
