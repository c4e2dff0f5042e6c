"""Many machines on one: hosts are network namespaces with addresses of their own, and a line between them can be cut."""
