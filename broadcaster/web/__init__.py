"""What people and other systems see over HTTP: thin views that read a request, call one service or query, and answer."""
