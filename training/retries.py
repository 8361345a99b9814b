"""When a job should run again: it says so itself, by an exception."""

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job


class TryAgain(Exception):
    """Nothing is wrong with the work; the job runs again in `seconds`."""

    def __init__(self, seconds: int = 5) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class HandedBack(TryAgain):
    """The worker stops; the job goes back to the queue as it is."""

    def __init__(self) -> None:
        super().__init__(0)


class WhenAsked(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, TryAgain):
            return RetryDecision(retry_in={"seconds": exception.seconds})
        return None
