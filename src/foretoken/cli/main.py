"""The command line: one file per group of commands, all of them joined here."""

import os

import typer

from foretoken.cli.attribute import attribute
from foretoken.cli.audit import audit
from foretoken.cli.backtest import backtest
from foretoken.cli.bank import bank_app
from foretoken.cli.calibrate import calibrate
from foretoken.cli.check import check
from foretoken.cli.demo import demo
from foretoken.cli.discover import discover
from foretoken.cli.errors import ErrorBoundary
from foretoken.cli.export import export
from foretoken.cli.forecast import forecast
from foretoken.cli.grade import grade
from foretoken.cli.logs import import_
from foretoken.cli.measure import measure
from foretoken.cli.query import query
from foretoken.cli.report import report
from foretoken.cli.train import train_app
from foretoken.cli.watch import watch

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

app = typer.Typer(
    cls=ErrorBoundary,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Forecast which ways of cheating its graders an RL run is about to learn.",
)
app.command()(demo)
app.command()(check)
app.command()(audit)
app.command()(calibrate)
app.command()(grade)
app.add_typer(train_app, name="train")
app.add_typer(bank_app, name="bank")
app.command()(measure)
app.command("import")(import_)
app.command()(forecast)
app.command()(attribute)
app.command()(discover)
app.command()(backtest)
app.command()(watch)
app.command()(report)
app.command()(export)
app.command()(query)
