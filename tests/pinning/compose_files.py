"""Compose files, what they pin to, and those that are refused; see templates.py for the marks."""

from templates import digest_of

GIVEN = digest_of("alpine:3.18")

# name: (template, environment)
PINNED = {
    "one service": (
        "# the front\nservices:\n  web:  # here\n+    # pinned: nginx:1.27\n    image: «nginx:1.27»   # kept\n"
        "    ports: ['80:80']\n"
    ),
    "quotes stay": (
        'services:\n  a:\n+    # pinned: nginx:1.27\n    image: "«nginx:1.27»"\n'
        "  b:\n+    # pinned: redis:latest\n    'image': '«redis»'\n"
    ),
    "a flow of mappings": (
        "+# pinned: nginx:1.27\n+# pinned: redis:7\n"
        "services: {web: {image: «nginx:1.27», profiles: [a]}, db: {image: «redis:7»}}\n"
    ),
    "CR LF": (
        "services:\r\n  web:\r\n+    # pinned: nginx:1.27\r\n    image: «nginx:1.27»\r\n    restart: always\r\n"
    ),
    "a byte order mark": "\ufeffservices:\n  web:\n+    # pinned: nginx:1.27\n    image: «nginx:1.27»\n",
    "profiles": (
        "services:\n  web:\n    profiles: [debug]\n+    # pinned: nginx:1.27\n    image: «nginx:1.27»\n"
        "  db:\n    profiles: []\n+    # pinned: redis:7\n    image: «redis:7»\n"
    ),
    "an anchor on the image": (
        "x-image: &image alpine:3.18\nservices:\n  a:\n+    # pinned: nginx:1.27\n    image: &web «nginx:1.27»\n"
        "  b:\n    image: *web\n"
    ),
    "an alias of an image in an extension": (
        "+# pinned: alpine:3.18\nx-image: &image !!str «alpine:3.18»\nservices:\n  a:\n    image: *image\n"
    ),
    "a merge key": (
        "x-base: &base\n+  # pinned: alpine:3.18\n  image: «alpine:3.18»\n  restart: always\n"
        "services:\n  a:\n    <<: *base\n  b:\n    <<: [*base]\n    command: true\n"
    ),
    "a merge key that is overridden": (
        "x-base: &base\n  image: evil/unused\nservices:\n  a:\n    <<: *base\n+    # pinned: alpine:3.18\n"
        "    image: «alpine:3.18»\n"
    ),
    "merges of merges, the first counts": (
        "x-a: &a\n+  # pinned: alpine:3.18\n  image: «alpine:3.18»\nx-b: &b {image: evil/unused}\n"
        "x-c: &c\n  <<: [*a, *b]\nservices:\n  a:\n    <<: *c\n"
    ),
    "variables": (
        "services:\n  a:\n+    # pinned: acme/app:1.4\n    image: «${REGISTRY:-docker.io}/acme/app:${TAG}|docker.io/acme/app:1.4»\n"
        "  b:\n+    # pinned: acme/app:1.4\n    image: «acme/app:$TAG|acme/app:1.4»\n"
        "  c:\n+    # pinned: alpine:latest\n    image: «alpine${NONE:+:x}|alpine»\n"
        "  d:\n+    # pinned: alpine:1.4\n    image: «alpine:${NONE-${TAG:?needed}}|alpine:1.4»\n",
        {"TAG": "1.4"},
    ),
    "a digest says itself what it is": (
        f"services:\n  a:\n    image: alpine@{GIVEN}\n  b:\n    image: alpine:3.18@{GIVEN}\n"
    ),
    "extends in the same file": (
        "services:\n  base:\n+    # pinned: alpine:3.18\n    image: «alpine:3.18»\n  a:\n    extends: base\n"
        "  b:\n    extends: {service: a}\n+    # pinned: nginx:1.27\n    image: «nginx:1.27»\n"
    ),
    "an image that is reset where a build takes its place": (
        "services:\n  base:\n+    # pinned: alpine:3.18\n    image: «alpine:3.18»\n"
        "  a:\n    extends: base\n    image: !reset null\n    build: .\n"
    ),
    "a build": "services:\n  web:\n    build: .\n",
    "a build that is named and never pulled": (
        "services:\n  web:\n    image: acme/web:dev\n    pull_policy: build\n    build: {context: .}\n"
    ),
    "a Dockerfile inside": (
        "services:\n  web:\n    build:\n      context: .\n      dockerfile_inline: |\n"
        "+        # pinned: alpine:3.18\n        FROM «alpine:3.18» AS a\n\n        RUN echo $$HOME \\\n          done\n"
        "+        # pinned: nginx:1.27\n        COPY --from=«nginx:1.27» /a /b\n      target: a\n"
    ),
    "a Dockerfile inside, on one line": (
        "services:\n  web:\n    build:\n      dockerfile_inline: "
        '«FROM alpine:3.18|alpine:3.18|"# pinned: alpine:3.18\\nFROM @"»\n'
    ),
    "contexts": (
        "services:\n  web:\n    build:\n      context: .\n      additional_contexts:\n"
        "+        # pinned: acme/tools:2\n        tools: docker-image://«acme/tools:2»\n"
        "+        # pinned: acme/more:1\n        more: docker-image:«acme/more:1»\n"
        "        none: docker-image://scratch\n        src: ../src\n      dockerfile_inline: |-\n"
        "        FROM tools\n        COPY --from=src / /\n"
    ),
    "contexts in a list": (
        "services:\n  web:\n    build:\n      additional_contexts:\n        - src=./src\n"
        "+        # pinned: acme/tools:2\n        - tools=docker-image://«acme/tools:2»\n"
    ),
    "a frontend by a build argument": (
        "services:\n  web:\n    build:\n      args:\n        A: 1\n        B:\n"
        "+        # pinned: docker/dockerfile:1\n        BUILDKIT_SYNTAX: «docker/dockerfile:1»\n"
        "  api:\n    build:\n      args:\n        - A=1\n        - B\n"
        "+        # pinned: docker/dockerfile:2\n        - BUILDKIT_SYNTAX=«docker/dockerfile:2»\n"
    ),
    "caches": (
        "services:\n  web:\n    build:\n      cache_from:\n"
        "+        # pinned: acme/web:cache\n        - «acme/web:cache»\n"
        "+        # pinned: acme/web:more\n        - type=registry,ref=«acme/web:more»,mode=max\n"
        "        - type=gha\n"
    ),
    "what lists the parts": (
        "services:\n  web:\n    build:\n      context: .\n"
        "+      # pinned: acme/scanner:1\n      sbom: generator=«acme/scanner:1»\n"
    ),
    "an image as a volume": (
        "services:\n  web:\n+    # pinned: nginx:1.27\n    image: «nginx:1.27»\n    volumes:\n      - data:/data\n"
        "      - type: image\n+        # pinned: acme/site:3\n        source: «acme/site:3»\n        target: /site\n"
    ),
    "a folded image": (
        "services:\n  web:\n+    # pinned: nginx:1.27\n    image: «>-\n      nginx:1.27|nginx:1.27»\n    restart: always\n"
    ),
    "a comment would stand inside a string": (
        "services:\n  web: {command: 'a\n    b', image: «nginx:1.27»}\n"
    ),
    "no services": "volumes: {}\n",
    "nothing": "",
}

# name: (text, what it says)
REFUSED = {
    "no mapping": ("- a\n", "a mapping"),
    "no YAML": ("services: {\n", "YAML"),
    "two documents": ("services: {}\n---\nservices: {}\n", "one document"),
    "a key twice": ("services:\n  a: {image: x, image: y}\n", "each key once"),
    "a merge key twice": ("x: &x {}\nservices:\n  a:\n    <<: *x\n    <<: *x\n", "each key once"),
    "a merge key in quotes": ("x: &x {image: y}\nservices:\n  a:\n    '<<': *x\n", "a key"),
    "a merge of a word": ("services:\n  a:\n    <<: x\n", "mappings to merge"),
    "a key that is a list": ("services:\n  ? [a]\n  : b\n", "a key"),
    "a tag that makes objects": ("services:\n  a:\n    image: !!python/name:os.system\n", "no tag"),
    "a tag of binary data": ("services:\n  a:\n    image: !!binary YWxwaW5l\n", "no tag"),
    "a tag by a handle": (
        "%TAG !p! tag:yaml.org,2002:python/\n---\nservices: !p!tuple []\n",
        "no tag",
    ),
    "itself": ("services: &a\n  web: *a\n", "an anchor"),
    "an anchor that is none": ("services:\n  web: *a\n", "an anchor"),
    "a line end of some": ("services: {}\n# \u2028x\n", "line ends"),
    "an image that is a list": ("services:\n  a:\n    image: [x]\n", "an image"),
    "an image that is none": (
        "services:\n  a:\n    image: Not An Image\n",
        "the image of service a",
    ),
    "a dollar that begins nothing": ("services:\n  a:\n    image: a$-\n", "variables that Compose"),
    "a brace that does not close": ("services:\n  a:\n    image: a${B\n", "variables that Compose"),
    "a modifier that is none": ("services:\n  a:\n    image: a${B%x}\n", "variables that Compose"),
    "a value that is demanded": ("services:\n  a:\n    image: a${B:?say}\n", "say"),
    "a service that extends nobody": ("services:\n  a:\n    extends: b\n", "a service b"),
    "services that extend each other": (
        "services:\n  a:\n    extends: b\n  b:\n    extends: a\n",
        "extend each other",
    ),
    "an extension of nothing": (
        "services:\n  a:\n    extends: {}\n",
        "the service that is extended",
    ),
    "two Dockerfiles": (
        "services:\n  a:\n    build: {dockerfile: x, dockerfile_inline: FROM a}\n",
        "dockerfile or dockerfile_inline",
    ),
    "a Dockerfile inside that is none": (
        "services:\n  a:\n    build:\n      dockerfile_inline: FORM a\n",
        "dockerfile_inline of a: at line 1",
    ),
    "a platform that is none": (
        "services:\n  a:\n    platform: x\n    build: .\n",
        "the build of service a",
    ),
    "a frontend without a value": (
        "services:\n  a:\n    build:\n      args: [BUILDKIT_SYNTAX]\n",
        "a value of BUILDKIT_SYNTAX",
    ),
    "an escape beyond Unicode": ('services:\n  a:\n    image: "\\UFFFFFFFF"\n', "YAML"),
    "half a pair": ('services:\n  a:\n    image: "\\ud800"\n', "the image of service a"),
}

# name: (text, what it hangs on)
UNDECIDED = {
    "a variable": ("services:\n  a:\n    image: a:$B\n", ("B",)),
    "a variable in a build argument": ("services:\n  a:\n    build: {args: {A: $B}}\n", ("B",)),
    "another file": ("services:\n  a:\n    extends: {file: ./b.yaml, service: c}\n", ("b.yaml",)),
    "an included file": ("include: [sub/../c.yaml]\n", ("c.yaml",)),
    "an included file from afar": ("include:\n  - path: oci://acme/app\n", ("oci:/acme/app",)),
    "what is pulled before it is built": (
        "services:\n  a:\n    image: acme/app\n    build: .\n",
        ("whether the registry has that image",),
    ),
    "what is pulled before it is built, by extension": (
        "services:\n  b:\n    image: acme/app\n  a:\n    extends: b\n    build: .\n",
        ("whether the registry has that image",),
    ),
    "a variable of Compose in a Dockerfile inside": (
        "services:\n  a:\n    build:\n      dockerfile_inline: FROM a:$B\n",
        ("a variable of Compose",),
    ),
}
