"""Good Terms: the portal that puts an overdue loan back on good terms."""

from flask import Flask

from portal.config import ROOT, Settings


def create_app(settings: Settings) -> Flask:
    """Build the application. Reads like a table of contents."""
    from portal import agent, borrower, public
    from portal.infra.installation import check_fit, open_installation
    from portal.web import setup

    app = Flask(__name__, static_folder=str(ROOT / "static"), instance_path=str(settings.instance))
    installation = open_installation(settings)
    check_fit(installation)
    setup.init_app(app, installation)
    app.register_blueprint(public.blueprint)
    app.register_blueprint(borrower.blueprint)
    app.register_blueprint(agent.blueprint)
    return app
