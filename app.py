"""Start the web app: `python app.py`. It needs requirements.txt alone, no PyTorch."""

from gen_models.app import build, serve

demo = build()

if __name__ == "__main__":
    serve(demo)
