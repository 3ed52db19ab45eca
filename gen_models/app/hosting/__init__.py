"""What a host needs: what may come in, what is logged, how the server is, and models of the Hub.

Nothing here knows a chapter or a control. Gradio's undocumented names are touched in `gradio_private` alone.
"""
