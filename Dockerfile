# Latent Lab on any host that runs containers:
#   docker build -t latent-lab . && docker run --rm -p 7860:7860 latent-lab
FROM python:3.12-slim

ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    LATENT_LOG=info \
    PYTHONUNBUFFERED=1

WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt
COPY app.py ./
COPY CITATION.cff ./
COPY pyproject.toml ./
COPY gen_models gen_models/
COPY exported exported/

RUN useradd --create-home lab
USER lab
EXPOSE 7860
# Python's answer to an interrupt is to close; the usual SIGTERM does nothing to the first process of a container.
STOPSIGNAL SIGINT
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"GRADIO_SERVER_PORT\"]}/healthz', timeout=4)"]
CMD ["python", "app.py"]
