"""The part that runs in the job: session supervisor, page, lesson command."""
