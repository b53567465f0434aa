"""Work that is spread over the machines of a Ray cluster; imported only where it is asked for."""
