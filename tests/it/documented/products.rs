//! Lines of many products, each once, as their documentation or their source shows them.

use super::Case;

pub const PRODUCTS: &[Case] = &[
    (
        r#"time="2026-11-28T09:30:00.123456789Z" level=info msg="API listen on /run/docker.sock""#,
        &["time=2026-11-28T09:30:00.123456789Z", "log.level=info"],
    ),
    (
        r#"{"level":"info","ts":1795858200.123,"caller":"a/b.go:1","msg":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    (
        r#"{"type":"server","timestamp":"2026-11-28T09:30:00,123Z","level":"INFO","component":"o.e.n.Node","message":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    (
        "[2026-11-28 09:30:00.123][1][warning][main] [source/server/server.cc:123] x",
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn"],
    ),
    (
        r#"<158>Nov 28 09:30:00 lb haproxy[42]: 203.0.113.9:4022 [28/Nov/2026:09:30:00.123] fe be/s1 0/0/1/2/3 401 212 - - ---- 1/1/0/0/0 0/0 "GET /x?a=1 HTTP/1.1""#,
        &[
            "time=2026-11-28T09:30:00Z",
            "http.response.status_code=401",
            "url.path=/x",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        "[Sat Nov 28 09:30:00.123456 2026] [core:error] [pid 42:tid 140] [client 203.0.113.9:4022] AH00126: Invalid URI in request GET /x",
        &["time=2026-11-28T09:30:00.123456Z", "log.level=error", "source.port=4022", "source.ip=203.0.113.9"],
    ),
    (
        r#"2026/11/28 09:30:00 [error] 42#42: *1 user "alice": password mismatch, client: 203.0.113.9, server: h.example, request: "GET / HTTP/1.1", host: "h.example""#,
        &["time=2026-11-28T09:30:00Z", "log.level=error", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"timestamp":{"seconds":1795858200,"nanos":123000000},"severity":"ERROR","message":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=error"],
    ),
    (
        r#"{"instant":{"epochSecond":1795858200,"nanoOfSecond":123000000},"thread":"main","level":"WARN","loggerName":"a.B","message":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn"],
    ),
    (
        r#"{"timestamp":"2026-11-28T09:30:00.123456Z","level":"WARN","fields":{"message":"login failed","user":"alice","client_ip":"203.0.113.9"},"target":"app::auth"}"#,
        &[
            "time=2026-11-28T09:30:00.123456Z",
            "user.name=alice",
            "message=login failed",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"I, [2026-11-28T09:30:00.123456 #42]  INFO -- : Started GET "/x?a=1" for 203.0.113.9 at 2026-11-28 09:30:00 +0000"#,
        &["time=2026-11-28T09:30:00.123456Z", "log.level=info"],
    ),
    (
        r#"2026-11-28 10:30:00.123 CET [42] alice@shop FATAL:  password authentication failed for user "alice""#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice"],
    ),
    (
        r#"2026-11-28 05:30:00.123 -04 [42] FATAL:  password authentication failed for user "alice""#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice"],
    ),
    ("[1795858200] unbound[42:0] info: start of service", &["time=2026-11-28T09:30:00Z"]),
    (
        "1795858200.123    15 203.0.113.9 TCP_DENIED/407 5 CONNECT h.example:443 - HIER_NONE/- text/html",
        &["time=2026-11-28T09:30:00.123Z", "http.response.status_code=407", "source.ip=203.0.113.9"],
    ),
    (
        "28-Nov-2026 09:30:00.123 security: error: client @0x7f 203.0.113.9#4022 (x.example): query (cache) 'x.example/A/IN' denied",
        &["time=2026-11-28T09:30:00.123Z", "source.ip=203.0.113.9"],
    ),
    (r#"{"date":"Sat, 28 Nov 2026 09:30:00 GMT","message":"x"}"#, &["time=2026-11-28T09:30:00Z"]),
    (
        r#"{"timestamp":"2026-11-28T09:30:00.123456+0000","event_type":"alert","src_ip":"203.0.113.9","src_port":4022,"dest_ip":"10.0.0.2","alert":{"signature":"x","severity":2}}"#,
        &["time=2026-11-28T09:30:00.123456Z", "source.port=4022", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"ts":1795858200.123456,"uid":"C1","id.orig_h":"203.0.113.9","id.orig_p":4022,"id.resp_h":"10.0.0.1","id.resp_p":22}"#,
        &["time=2026-11-28T09:30:00.123456Z", "source.port=4022", "source.ip=203.0.113.9"],
    ),
    (
        "INFO  [main] 2026-11-28 09:30:00,123 CassandraDaemon.java:1 - x",
        &["time=2026-11-28T09:30:00.123Z", "log.level=info"],
    ),
    (
        "2026-11-28 09:30:00.123456+00:00 [warning] <0.123.0> HTTP access denied: user 'alice' - invalid credentials",
        &["time=2026-11-28T09:30:00.123456Z", "log.level=warn"],
    ),
    (
        "2026.11.28 09:30:00.123456 [ 42 ] {4bf92f35-77b3-4da6-a3ce-929d0e0e4736} <Error> executeQuery: Code: 516. DB::Exception: alice: Authentication failed",
        &["time=2026-11-28T09:30:00.123456Z", "log.level=error"],
    ),
    (
        r#"2026-11-28T09:30:00.123Z [WARN]  agent: request error: method=GET url=/v1/kv from=203.0.113.9:4022 error="Permission denied""#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn"],
    ),
    (
        r#"{"time":"2026-11-28T09:30:00.123Z","type":"request","auth":{"client_token":"hmac-sha256:abc","display_name":"userpass-alice"},"request":{"id":"4bf92f35-77b3-4da6-a3ce-929d0e0e4736","operation":"read","path":"secret/x","remote_address":"203.0.113.9","remote_port":4022}}"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "correlation.id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        "2026-11-28 09:30:00.123+0000 [id=42]\tWARNING\th.m.X#y: z",
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn"],
    ),
    (
        "28-Nov-2026 09:30:00.123 SEVERE [main] org.apache.X Y",
        &["time=2026-11-28T09:30:00.123Z", "log.level=error"],
    ),
    (
        "2026-11-28T09:30:00.123456Z 42 [Note] Access denied for user 'root'@'203.0.113.9' (using password: YES)",
        &["time=2026-11-28T09:30:00.123456Z", "user.name=root", "source.ip=203.0.113.9"],
    ),
    (
        "2026-11-28  9:30:00 42 [Warning] Access denied for user 'root'@'203.0.113.9' (using password: YES)",
        &["time=2026-11-28T09:30:00Z", "user.name=root", "log.level=warn", "source.ip=203.0.113.9"],
    ),
    (
        "2026-11-28 09:30:00 dovecot_login authenticator failed for (host) [203.0.113.9]: 535 Incorrect authentication data (set_id=alice)",
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"Sat Nov 28 09:30:00 2026 [pid 42] [alice] FAIL LOGIN: Client "203.0.113.9""#,
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        "2026-11-28 09:30:00,123 h proftpd[42] h (203.0.113.9[203.0.113.9]): USER alice (Login failed): Incorrect password",
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    ("2026-11-28 09:30:00 203.0.113.9:4022 TLS Error: TLS handshake failed", &["time=2026-11-28T09:30:00Z"]),
    (
        r#"[2026-11-28 09:30:00] NOTICE[42]: chan_sip.c:1 handle: Registration from '"x" <sip:100@198.51.100.7>' failed for '203.0.113.9:5060' - Wrong password"#,
        &["time=2026-11-28T09:30:00Z", "log.level=notice"],
    ),
    (
        r#"{"reqId":"abc123DEF456ghi789jk","level":2,"time":"2026-11-28T09:30:00+00:00","remoteAddr":"203.0.113.9","user":"--","app":"core","method":"POST","url":"/login","message":"Login failed: alice (Remote IP: 203.0.113.9)","userAgent":"x"}"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "user.name=alice",
            "correlation.id=abc123DEF456ghi789jk",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        "2026/11/28 09:30:00 ...web/auth/auth.go:1:SignInPost() [W] Failed authentication attempt for alice from 203.0.113.9:4022: user does not exist",
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "log.level=warn", "source.ip=203.0.113.9"],
    ),
    (
        r#"logger=context userId=0 orgId=0 uname= t=2026-11-28T09:30:00.123Z level=info msg="Request Completed" method=POST path=/login status=401 remote_addr=203.0.113.9 time_ms=15 duration=15.1ms"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "url.path=/login",
            "http.response.status_code=401",
            "event.duration=15100000",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"method":"POST","path":"/users/sign_in","controller":"SessionsController","action":"create","status":401,"time":"2026-11-28T09:30:00.123Z","params":[{"key":"user","value":{"login":"alice","password":"[FILTERED]"}}],"remote_ip":"203.0.113.9","user_id":null,"username":null,"correlation_id":"01HXABCDEFGHJKMNPQRSTVWXYZ","duration_s":0.03}"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "event.duration=30000000",
            "correlation.id=01HXABCDEFGHJKMNPQRSTVWXYZ",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"action":"login_failed","client_ip":"203.0.113.9","event":"Created Event","level":"info","logger":"authentik.events.models","pid":42,"timestamp":"2026-11-28T09:30:00","user":{"email":"","pk":1,"username":"AnonymousUser"}}"#,
        &["time=2026-11-28T09:30:00Z", "-user.name", "source.ip=203.0.113.9"],
    ),
    (
        r#"2026-11-28T09:30:00.123456+00:00 heroku[router]: at=info method=GET path="/x" host=h.example request_id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736 fwd="203.0.113.9" dyno=web.1 connect=1ms service=15ms status=401 bytes=5 protocol=https"#,
        &[
            "time=2026-11-28T09:30:00.123456Z",
            "url.path=/x",
            "http.response.status_code=401",
            "correlation.id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"https 2026-11-28T09:30:00.123456Z app/lb/50dc6c 203.0.113.9:4022 10.0.0.1:80 0.000 0.001 0.000 401 401 34 366 "GET https://h.example:443/x?a=1 HTTP/1.1" "curl/8" ECDHE TLSv1.2 arn:aws:x "Root=1-58337262-36d228ad5d99923122bbe354" "h.example" "-" 0 2026-11-28T09:29:59.000000Z "forward" "-" "-" "10.0.0.1:80" "401" "-" "-""#,
        &[
            "time=2026-11-28T09:30:00.123456Z",
            "url.path=/x",
            "http.response.status_code=401",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"time":"2026-11-28T09:30:00Z","category":"SignInLogs","callerIpAddress":"203.0.113.9","properties":{"userPrincipalName":"alice@corp.example","status":{"errorCode":50126}}}"#,
        &["time=2026-11-28T09:30:00Z", "user.name=alice@corp.example", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"kind":"admin#reports#activity","id":{"time":"2026-11-28T09:30:00.123Z","uniqueQualifier":"1","applicationName":"login"},"actor":{"email":"alice@corp.example","profileId":"1"},"ipAddress":"203.0.113.9","events":[{"type":"login","name":"login_failure"}]}"#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice@corp.example", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"@timestamp":1795858200123,"action":"org.add_member","actor":"alice","actor_ip":"203.0.113.9","org":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"ClientIP":"203.0.113.9","ClientRequestHost":"h.example","ClientRequestMethod":"GET","ClientRequestURI":"/x?a=1","EdgeStartTimestamp":"2026-11-28T09:30:00Z","EdgeResponseStatus":403,"RayID":"8a1b2c3d4e5f6789","ClientRequestUserAgent":"curl/8"}"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "url.path=/x",
            "http.response.status_code=403",
            "http.request.method=GET",
            "user_agent.original=curl/8",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"4bf92f35-77b3-4da6-a3ce-929d0e0e4736","stage":"ResponseComplete","requestURI":"/api/v1/secrets?limit=5","verb":"list","user":{"username":"alice","groups":["x"]},"sourceIPs":["203.0.113.9"],"userAgent":"kubectl/1","responseStatus":{"code":403},"requestReceivedTimestamp":"2026-11-28T09:30:00.123456Z","stageTimestamp":"2026-11-28T09:30:00.200000Z"}"#,
        &[
            "url.path=/api/v1/secrets",
            "http.response.status_code=403",
            "user.name=alice",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"output":"x","priority":"Warning","rule":"Terminal shell in container","time":"2026-11-28T09:30:00.123456789Z","output_fields":{"user.name":"root","proc.cmdline":"bash"}}"#,
        &["time=2026-11-28T09:30:00.123456789Z", "log.level=warn", "user.name=root"],
    ),
    (
        r#"{"timestamp":"2026-11-28T09:30:00.123+0000","rule":{"level":5,"description":"sshd: authentication failed.","id":"5760"},"agent":{"id":"001","name":"web1"},"data":{"srcip":"203.0.113.9","dstuser":"alice"},"full_log":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"name":"x","hostIdentifier":"web1","calendarTime":"Sat Nov 28 09:30:00 2026 UTC","unixTime":1795858200,"columns":{"a":"b"}}"#,
        &["time=2026-11-28T09:30:00Z", "host.name=web1"],
    ),
    (
        r#"{"@timestamp":"2026-11-28T09:30:00.123Z","winlog":{"event_id":4625,"event_data":{"TargetUserName":"alice","IpAddress":"203.0.113.9"},"computer_name":"DC1"}}"#,
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"EventTime":"2026-11-28 09:30:00","Hostname":"DC1","Severity":"ERROR","EventID":4625,"TargetUserName":"alice","IpAddress":"203.0.113.9"}"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "user.name=alice",
            "log.level=error",
            "host.name=DC1",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"ClientAddr":"203.0.113.9:4022","ClientHost":"203.0.113.9","ClientUsername":"-","DownstreamStatus":401,"RequestMethod":"GET","RequestPath":"/x","StartUTC":"2026-11-28T09:30:00.123Z","Duration":1234567,"level":"info","msg":"","time":"2026-11-28T09:30:00Z"}"#,
        &[
            "event.duration=1234567",
            "url.path=/x",
            "http.response.status_code=401",
            "-user.name",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"level":"info","ts":1795858200.123,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.9","remote_port":"4022","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"h.example","uri":"/x?a=1","headers":{"User-Agent":["curl/8"]}},"user_id":"","duration":0.001,"size":5,"status":401}"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "url.path=/x",
            "http.response.status_code=401",
            "user_agent.original=curl/8",
            "event.duration=1000000",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"203.0.113.9 - alice [28/Nov/2026:09:30:00 +0000] "GET /x HTTP/1.1" 401 5 "-" "curl/8" 100 0.001 [ns-svc-80] [] 10.0.0.1:80 5 0.001 401 abcdef0123456789abcdef0123456789"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "url.path=/x",
            "user.name=alice",
            "correlation.id=abcdef0123456789abcdef0123456789",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"[2026-11-28T09:30:00.123Z] "GET /x?a=1 HTTP/1.1" 403 - via_upstream - "-" 0 5 12 1 "203.0.113.9" "curl/8" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "h.example" "10.0.0.1:80" outbound|80||x 10.0.0.2:1 10.0.0.3:80 203.0.113.9:0 - default"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "url.path=/x",
            "http.response.status_code=403",
            "correlation.id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"@timestamp":"2026-11-28T09:30:00.123Z","log":{"level":"WARN","logger":"a.B"},"process":{"pid":1},"service":{"name":"shop"},"message":"x","ecs":{"version":"8.11"}}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn", "service.name=shop"],
    ),
    (
        r#"{"@timestamp":"2026-11-28T09:30:00.123Z","@version":"1","message":"x","logger_name":"a.B","thread_name":"main","level":"WARN","level_value":30000}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn"],
    ),
    (
        r#"{"Timestamp":"2026-11-28T10:30:00.1230000+01:00","Level":"Error","MessageTemplate":"x {User}","Properties":{"User":"alice","RequestId":"0HM8K2L3M4N5O:00000001","ClientIp":"203.0.113.9"}}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=error", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"host":"web1","application":"shop","timestamp":"2026-11-28T09:30:00.123Z","level":"error","level_index":4,"pid":1,"name":"A","message":"x","payload":{"user":"alice","remote_ip":"203.0.113.9"}}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=error", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"message":"x","context":{"user":"alice"},"level":400,"level_name":"ERROR","channel":"app","datetime":"2026-11-28T09:30:00.123456+00:00","extra":{}}"#,
        &["time=2026-11-28T09:30:00.123456Z", "log.level=error", "user.name=alice"],
    ),
    (
        r#"[2026-11-28 09:30:00] production.ERROR: x failed {"userId":1,"exception":"y"}"#,
        &["time=2026-11-28T09:30:00Z", "log.level=error"],
    ),
    (
        r#"{"time":"2026-11-28T09:30:00.123Z","severity":"warning","message":"x","metadata":{"user":"alice"}}"#,
        &["time=2026-11-28T09:30:00.123Z", "log.level=warn", "user.name=alice"],
    ),
    (
        "2026-11-28T09:30:00.123Z\t4bf92f35-77b3-4da6-a3ce-929d0e0e4736\tERROR\tInvoke Error",
        &[
            "time=2026-11-28T09:30:00.123Z",
            "log.level=error",
            "correlation.id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
        ],
    ),
    (
        r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://h.example/x?y=1","status":403,"remoteIp":"203.0.113.9","userAgent":"x","latency":"0.012s"},"severity":"WARNING","timestamp":"2026-11-28T09:30:00.123Z","trace":"projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736","insertId":"x"}"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "url.path=/x",
            "http.response.status_code=403",
            "correlation.id=4bf92f3577b34da6a3ce929d0e0e4736",
            "event.duration=12000000",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"date=2026-11-28 time=09:30:00 devname="FW1" type="event" subtype="vpn" level="warning" user="alice" remip=203.0.113.9 action="ssl-login-fail" msg="SSL user failed to logged in""#,
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "log.level=warn", "source.ip=203.0.113.9"],
    ),
    (
        "CEF:0|Vendor|Product|1.0|100|Login failed|5|src=203.0.113.9 suser=alice rt=1795858200123 msg=bad password act=blocked request=/x?a=1",
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"<134>Nov 28 09:30:00 fw CEF:0|Vendor|Product|1.0|100|Login \| failed|8|src=203.0.113.9 spt=4022 duser=alice rt=Nov 28 2026 09:30:00 msg=a\=b c"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "user.name=alice",
            "source.port=4022",
            "host.name=fw",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        "LEEF:1.0|Vendor|Product|1.0|LOGIN|src=203.0.113.9\tusrName=alice\tdevTime=Nov 28 2026 09:30:00\tsev=5",
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        "<134>Nov 28 09:30:00 router system,error,critical login failure for user admin from 203.0.113.9 via ssh",
        &["time=2026-11-28T09:30:00Z", "user.name=admin", "source.ip=203.0.113.9"],
    ),
    (
        "<166>Nov 28 2026 09:30:00 fw : %ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = alice : user IP = 203.0.113.9",
        &["time=2026-11-28T09:30:00Z"],
    ),
    (
        "<188>42: *Nov 28 09:30:00.123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: alice] [Source: 203.0.113.9] [localport: 22] [Reason: Login Authentication Failed]",
        &["time=2026-11-28T09:30:00.123Z", "user.name=alice", "log.level=warn"],
    ),
    (
        "Nov 28 09:30:00 web1 kernel: [123.456] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.0.1 LEN=40 TTL=50 PROTO=TCP SPT=4022 DPT=22",
        &["time=2026-11-28T09:30:00Z", "source.port=4022", "source.ip=203.0.113.9"],
    ),
    (
        "Nov 28 09:30:00 mx postfix/smtpd[42]: warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        &["time=2026-11-28T09:30:00Z", "source.ip=203.0.113.9"],
    ),
    (
        "Nov 28 09:30:00 web1 sudo:    alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh",
        &["time=2026-11-28T09:30:00Z", "user.name=alice"],
    ),
    (
        "Nov 28 09:30:00 web1 sshd[42]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=alice",
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        "Nov 28 09:30:00 web1 systemd-logind[42]: New session 1 of user alice.",
        &["time=2026-11-28T09:30:00Z", "user.name=alice"],
    ),
    (
        "Nov 28 09:30:00 web1 su[42]: FAILED SU (to root) alice on pts/0",
        &["time=2026-11-28T09:30:00Z", "user.name=alice"],
    ),
    (r#"{"time":{"$date":{"$numberLong":"1795858200123"}},"msg":"x"}"#, &["time=2026-11-28T09:30:00.123Z"]),
    (
        r#"{"time":{"secs_since_epoch":1795858200,"nanos_since_epoch":123000000},"msg":"x"}"#,
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    (r#"{"ts":{"sec":1795858200,"usec":123000},"msg":"x"}"#, &["time=2026-11-28T09:30:00.123Z"]),
    (r#"{"ts":{"seconds":"1795858200","nanos":5000000},"msg":"x"}"#, &["time=2026-11-28T09:30:00.005Z"]),
    (
        r#"{"@timestamp":"2026-11-28T09:30:00.123Z","log":"203.0.113.9 - - [28/Nov/2026:09:30:00 +0000] \"GET /x HTTP/1.1\" 401 5","kubernetes":{"pod_name":"api-0"}}"#,
        &["url.path=/x", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"timestamp":1795858200,"transaction":{"time":"28/Nov/2026:09:30:00 +0000","transaction_id":"abcdEFGH12345678","remote_address":"203.0.113.9","remote_port":4022,"local_address":"10.0.0.1","local_port":80},"request":{"request_line":"GET /x?id=1%27%20UNION%20SELECT%201-- HTTP/1.1","headers":{"Host":"h.example","User-Agent":"curl/8"}},"response":{"status":403,"protocol":"HTTP/1.1"}}"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "url.path=/x",
            "http.response.status_code=403",
            "source.port=4022",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"transaction":{"time":"28/Nov/2026:09:30:00 +0000","transaction_id":"abcdEFGH12345678","remote_address":"203.0.113.9","remote_port":4022},"request":{"request_line":"GET /x?id=1%27%20UNION%20SELECT%201-- HTTP/1.1","headers":{"User-Agent":"curl/8"}},"response":{"status":403},"audit_data":{"messages":["Warning. x"],"producer":["ModSecurity for Apache/2.9"]}}"#,
        &[
            "time=2026-11-28T09:30:00Z",
            "url.path=/x",
            "http.response.status_code=403",
            "user_agent.original=curl/8",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"transaction":{"timestamp":"2026/11/28 09:30:00","unix_timestamp":1795858200123456789,"id":"abcd","client_ip":"203.0.113.9","client_port":4022,"request":{"method":"GET","protocol":"HTTP/1.1","uri":"/x?id=1","headers":{"user-agent":["curl/8"]}},"response":{"status":403}},"messages":[{"message":"SQLi"}]}"#,
        &[
            "url.path=/x",
            "http.response.status_code=403",
            "user_agent.original=curl/8",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        r#"{"timestamp":1795858200123,"formatVersion":1,"webaclId":"arn:x","terminatingRuleId":"SQLi","action":"BLOCK","httpRequest":{"clientIp":"203.0.113.9","country":"US","headers":[{"name":"User-Agent","value":"curl/8"},{"name":"Host","value":"h.example"}],"uri":"/x","args":"id=1","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"rid-123456789"}}"#,
        &[
            "time=2026-11-28T09:30:00.123Z",
            "url.path=/x",
            "url.query=id=1",
            "http.request.method=GET",
            "source.ip=203.0.113.9",
        ],
    ),
    (
        "2026-11-28 09:30:00 10.0.0.1 GET /x id=1 443 - 203.0.113.9 Mozilla/5.0+(X11) - 401 0 0 15",
        &["time=2026-11-28T09:30:00Z"],
    ),
    (
        r#"{"EventReceivedTime":"2026-11-28T09:30:01Z","eventTime":"2026-11-28T09:30:00Z","eventName":"ConsoleLogin","sourceIPAddress":"203.0.113.9","userIdentity":{"type":"IAMUser","userName":"alice"},"responseElements":{"ConsoleLogin":"Failure"}}"#,
        &["time=2026-11-28T09:30:00Z", "user.name=alice", "event.outcome=failure", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"time":"2026-11-28T09:30:00Z","level":"error","msg":"x","err":{"code":"E1"},"req":{"method":"GET","url":"/x?a=1","remoteAddress":"203.0.113.9","headers":{"x-request-id":"req-abcdef-123456"}},"res":{"statusCode":401},"responseTime":12}"#,
        &[
            "url.path=/x",
            "http.response.status_code=401",
            "correlation.id=req-abcdef-123456",
            "event.duration=12000000",
            "source.ip=203.0.113.9",
        ],
    ),
    (r#"{"level":"TRACE","msg":"x"}"#, &["log.level=trace"]),
    (r#"{"level":"NOTICE","msg":"x"}"#, &["log.level=notice"]),
    (r#"{"level":"EMERGENCY","msg":"x"}"#, &["log.level=critical"]),
    (r#"{"log.level":"panic","message":"x"}"#, &["log.level=critical"]),
    (r#"{"level":{"name":"ERROR","value":40},"msg":"x"}"#, &["log.level=error"]),
    (
        r#"{"client":{"ip":"203.0.113.9","port":4022},"msg":"x"}"#,
        &["source.port=4022", "source.ip=203.0.113.9"],
    ),
    (r#"{"client":"203.0.113.9:4022","msg":"x"}"#, &["source.port=4022", "source.ip=203.0.113.9"]),
    (r#"{"remote":"tcp://203.0.113.9:4022","msg":"x"}"#, &["source.ip=203.0.113.9"]),
    (r#"{"peer":"ipv4:203.0.113.9:4022","grpc.method":"Login","msg":"x"}"#, &["source.ip=203.0.113.9"]),
    (r#"{"peer.address":"203.0.113.9:4022","msg":"x"}"#, &["source.ip=203.0.113.9"]),
    (r#"{"client_ip":"::FFFF:cb00:7109","msg":"x"}"#, &["source.ip=203.0.113.9"]),
    (
        r#"{"remote_addr":"127.0.0.1","x_forwarded_for":["203.0.113.9","10.0.0.2"],"msg":"x"}"#,
        &["source.ip=203.0.113.9"],
    ),
    (
        r#"{"remote_addr":"10.0.0.1","headers":{"Forwarded":"for=\"[2001:db8::9]:4022\";proto=https;by=203.0.113.43"}}"#,
        &["source.ip=2001:db8::9"],
    ),
    (r#"{"userName":"anonymous","msg":"x"}"#, &["-user.name"]),
    (r#"{"user":"system:anonymous","msg":"x"}"#, &["-user.name"]),
    (r#"{"user":"N/A","msg":"x"}"#, &["-user.name"]),
];
