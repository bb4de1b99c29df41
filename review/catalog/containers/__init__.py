"""Walk untrusted PNG and JPEG bytes by hand, before any image library sees them. No Django."""
