"""confluent-kafka (Python) with Confluent's registry client and serdes."""

import sys

import confluent_kafka as ck
from api import Api
from client_steps import run_steps
from serdes import Serdes
from validation import Validation

bootstrap, prefix, url = sys.argv[1:]
print(f"client confluent-kafka {ck.__version__}", flush=True)
api, serdes = Api(url, prefix), Serdes(bootstrap, url, prefix)
validation = Validation(bootstrap, url, prefix)
sys.exit(run_steps([
    ("register", api.register), ("evolve", api.evolve), ("refuse", api.refuse),
    ("errors", api.errors), ("references", api.references), ("normalize", api.normalize),
    ("contract", api.contract), ("config", api.config), ("mode", api.mode),
    ("contexts", api.contexts), ("delete", api.delete), ("avro", serdes.avro),
    ("latest", serdes.latest), ("header", serdes.header), ("protobuf", serdes.protobuf),
    ("json", serdes.json), ("schemas-topic", serdes.schemas_topic),
    ("validate-id", validation.by_id),
    ("validate-payload", validation.by_payload), ("validate-header", validation.by_header)]))
