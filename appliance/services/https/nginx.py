"""nginx's configuration: TLS in front of the till's unix socket, for strangers who are in no hurry to be kind."""

from pathlib import Path

from appliance.config import Config

MOST_BODY_KB = 160
"""A request's body at most, in KiB: the app says 413 in its own words from 128 on."""
UPLOAD_MB = 17
"""A shop's file of tickets, and some more."""
EACH = 32
"""Requests at a time of one address."""

_SILENT = (
    '{"type": "/problems/busy", "status": 503, "title": "The box is busy", '
    '"detail": "The till does not answer; nothing was recorded by this attempt.", '
    '"remedy": "Wait: the box starts it again by itself.", "retry_after": 1}'
)

_TOLD = """\
# The till takes these from this socket alone; what the other end says of itself is put away.
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Port "";
        proxy_set_header X-Forwarded-By "";
        proxy_set_header Forwarded "";"""
"""Said again in a location that sets a header of its own: nginx then inherits none (ngx_http_proxy_module)."""


def configuration(config: Config, names: tuple[str, ...], run: Path) -> str:
    """The whole file. ``run``: the run folder, with what the authority made in ``pki``, the till's socket in ``till``,
    and ``https`` for nginx itself."""
    own, socket = run / "https", run / "till" / "till.sock"
    listen = f"{config.staff.host}:{config.staff.https_port}"
    return f"""\
# Made at each start.
daemon off;
# One process: whoever started it watches it, and its end is theirs.
master_process off;
pid "{own}/nginx.pid";
# From crit down, what nginx says of an error repeats the request, and with it what somebody looked for.
error_log stderr emerg;

events {{
    worker_connections 1024;
}}

http {{
    access_log off;
    server_tokens off;
    default_type application/octet-stream;
    client_body_temp_path "{own}/body";
    proxy_temp_path "{own}/proxy";
    fastcgi_temp_path "{own}/fastcgi";
    uwsgi_temp_path "{own}/uwsgi";
    scgi_temp_path "{own}/scgi";

    # Who says nothing is gone after seconds; who says it a byte at a time, too.
    client_header_timeout 10s;
    client_body_timeout 10s;
    send_timeout 20s;
    keepalive_timeout 60s;
    reset_timedout_connection on;
    client_header_buffer_size 2k;
    large_client_header_buffers 4 8k;
    client_max_body_size {MOST_BODY_KB}k;
    client_body_buffer_size {MOST_BODY_KB}k;
    limit_conn_zone $binary_remote_addr zone=each:1m;
    limit_conn_status 429;

    ssl_certificate "{run}/pki/leaf.pem";
    ssl_certificate_key "{run}/pki/leaf.pem";
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384;
    ssl_prefer_server_ciphers off;
    ssl_ecdh_curve X25519:prime256v1;
    ssl_session_cache shared:tls:1m;
    ssl_session_timeout 1h;
    ssl_session_tickets off;

    upstream till {{
        server "unix:{socket}" max_fails=0;
    }}

    # A name that is not ours is somebody's trick.
    server {{
        listen {listen} ssl default_server backlog=256;
        return 421;
    }}

    server {{
        listen {listen} ssl;
        server_name {" ".join(names)};
        limit_conn each {EACH};

        proxy_http_version 1.1;
        {_TOLD}
        proxy_connect_timeout 3s;
        proxy_read_timeout 60s;
        proxy_send_timeout 20s;
        # Asked once: a sale is repeated by whoever made it, under its own key.
        proxy_next_upstream off;
        proxy_buffers 16 16k;
        proxy_max_temp_file_size 0;
        error_page 500 502 504 =503 @silent;

        location / {{
            proxy_pass http://till;
        }}

        # The till's own watchdog asks there, and nobody else.
        location = /health {{
            return 404;
        }}

        # Facts as they come.
        location = /api/v1/follow {{
            proxy_buffering off;
            proxy_pass http://till;
        }}

        # Large bodies, of paired devices only: asked before the first byte is taken in.
        location = /api/v1/tickets/files {{
            auth_request /pair/known;
            client_max_body_size {UPLOAD_MB}m;
            proxy_request_buffering off;
            proxy_pass http://till;
        }}

        location = /pair/known {{
            internal;
            client_max_body_size 0;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            {_TOLD}
            proxy_pass http://till;
        }}

        location @silent {{
            default_type application/problem+json;
            add_header Retry-After 1 always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            return 503 '{_SILENT}';
        }}
    }}
}}
"""
