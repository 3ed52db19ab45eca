"""Start the web app: `python app.py`. It needs requirements.txt alone, no PyTorch."""

from gen_models.errors import end_command

try:
    from gen_models.app import build, serve
    from gen_models.app.hosting import environment, logs

    if __name__ == "__main__":
        environment.check_address()
        logs.start()  # before anything is left out, which has a line
    demo = build()
    if __name__ == "__main__":
        serve(demo)
except Exception as error:  # noqa: BLE001 - a command ends in a sentence
    end_command(error)
