"""``python -m appliance.services.day DATA``, as ``up --day`` starts it; on a box there is no such worker."""

import sys
from pathlib import Path

from appliance import config
from appliance.services.context import default_run, worker_context
from appliance.services.day import main

data = Path(sys.argv[1])
sys.exit(main(worker_context("day", config.load(config.find(None)), data, default_run(data))))
