"""How the threads of the arithmetic wait for one another."""

WAITING = {"GOMP_SPINCOUNT": "4000"}
"""For the environment before torch is loaded. At a barrier threads stay awake some microseconds, then sleep:
sleeping at once costs a sixth of the speed on two cores, and staying awake costs more where other work wants them."""
