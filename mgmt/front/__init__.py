"""What the operator decides about the public door: redirects, proxies, HLS delivery."""
