"""What stands between the browser and the pages: cookies, write guard, headers, limits."""
