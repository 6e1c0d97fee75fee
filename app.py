"""The page: `python app.py [--share] [--host HOST] [--port PORT] [--offline] [--allow-any-model OWNER/NAME ...]`."""

import argparse
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DIFFUSERS_DISABLE_REMOTE_CODE", "1")
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")  # else Gradio rebuilds a summary after every event
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "50")


def main() -> None:
    """Builds the page and serves it until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", action="store_true", help="a public gradio.live link")
    parser.add_argument("--host", default=None, help="address to listen on (default: 127.0.0.1, or what GRADIO_SERVER_NAME says)")
    parser.add_argument("--port", type=int, default=None, help="port (default: the first free one from 7860, or GRADIO_SERVER_PORT)")
    parser.add_argument("--offline", action="store_true", help="never ask the Hugging Face Hub")
    parser.add_argument(
        "--allow-any-model",
        nargs="+",
        metavar="OWNER/NAME",
        help="offer these repositories of the Hub, too, if a class of diffusers or transformers loads them; not with --share, nor on a Space",
    )
    args = parser.parse_args()
    if args.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    if args.share:
        os.environ["PLAYGROUND_PUBLIC"] = "1"  # playground.hub reads it
    from playground import named, zero
    from playground.errors import PlaygroundError

    zero.prepare()  # before anything imports torch
    from tabs import launch

    try:
        if args.allow_any_model:
            named.allow(args.allow_any_model)
        demo = launch.build()
    except PlaygroundError as error:  # the operator named an engine or a model that is none
        parser.error(str(error))
    launch.serve(demo, share=args.share, host=args.host, port=args.port)


if __name__ == "__main__":
    main()
