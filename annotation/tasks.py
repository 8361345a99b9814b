from uuid import UUID

from procrastinate.contrib.django import app

from annotation.services import files


@app.task(queue="cpu", name="annotation.import_file")
def import_file(job: str) -> None:
    files.run_import(job=UUID(job))
