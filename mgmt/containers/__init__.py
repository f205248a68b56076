"""Every program in detail, and what may be done to it: images, switches, figures."""
