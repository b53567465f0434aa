"""`python -m foretoken`."""

from foretoken.cli.main import app

app(prog_name="foretoken")
