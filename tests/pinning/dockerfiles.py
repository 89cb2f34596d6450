"""Dockerfiles, what they pin to, and those that are refused; see templates.py for the marks."""

from templates import digest_of

from trustlib.registry import Build

GIVEN = digest_of("alpine:3.18")

# name: (template, what it is built with)
PINNED = {
    # -- FROM ---------------------------------------------------------------------------
    "one stage": "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nRUN true\n",
    "no tag is latest": "+# pinned: alpine:latest\nFROM «alpine»\n",
    "latest, written": "+# pinned: alpine:latest\nFROM «alpine:latest»\n",
    "the name stays as it was spelled": (
        "+# pinned: alpine:3.18\nFROM «docker.io/library/alpine:3.18»\n"
    ),
    "a registry with a port": (
        "+# pinned: registry.example:5000/acme/app:1.4\nFROM «registry.example:5000/acme/app:1.4»\n"
    ),
    "instructions in lower case": "+# pinned: alpine:3.18\nfrom «alpine:3.18» as base\nrun true\n",
    "instructions in any case": "+# pinned: alpine:3.18\nFrOm «alpine:3.18» aS base\n",
    "a stage is no image": (
        "+# pinned: golang:1.24\nFROM «golang:1.24» AS build\nFROM build AS test\nFROM test\n"
    ),
    "a stage hides the image of its name from then on": (
        "+# pinned: alpine:latest\nFROM «alpine» AS alpine\nFROM alpine\n"
    ),
    "stages are named in lower case": (
        "+# pinned: golang:1.24\nFROM «golang:1.24» AS Build\nFROM build\nCOPY --from=BUILD /a /b\n"
    ),
    "a name that is a number is an image in FROM": (
        "+# pinned: alpine:latest\nFROM «alpine»\n+# pinned: 0:latest\nFROM «0»\n"
    ),
    "scratch": "FROM scratch\nCOPY app /app\n",
    "scratch beside an image": (
        "+# pinned: golang:1.24\nFROM «golang:1.24» AS build\nFROM scratch\nCOPY --from=build /a /a\n"
    ),
    "a platform": "+# pinned: alpine:3.18\nFROM --platform=linux/arm64 «alpine:3.18»\n",
    "a platform that is a variable": (
        "+# pinned: golang:1.24\nFROM --platform=$BUILDPLATFORM «golang:1.24» AS build\n"
    ),
    "spaces and tabs": "+# pinned: alpine:3.18\n\t FROM \t «alpine:3.18» \t AS   base  \t\n",
    "vertical tabs": "+# pinned: alpine:3.18\nFROM\v«alpine:3.18»\fAS\rbase\n",
    "no line end at the end": "+# pinned: alpine:3.18\nFROM «alpine:3.18»",
    "lines that end in CR LF": (
        "# a\r\n+# pinned: alpine:3.18\r\nFROM «alpine:3.18»\r\nRUN true \\\r\n && false\r\n"
    ),
    "a last line without an end in a file of CR LF": (
        "ARG A\r\n+# pinned: alpine:3.18\r\nFROM «alpine:3.18»"
    ),
    "a byte order mark": "\ufeff+# pinned: alpine:3.18\nFROM «alpine:3.18»\n",
    "double quotes": '+# pinned: alpine:3.18\nFROM «"alpine:3.18"|alpine:3.18»\n',
    "single quotes in the middle": "+# pinned: alpine:3.18\nFROM «al'pi'ne:3.18|alpine:3.18»\n",
    "an escaped letter": "+# pinned: alpine:3.18\nFROM «al\\pine:3.18|alpine:3.18»\n",
    "a digest says itself what it is": f"FROM alpine@{GIVEN}\n",
    "a tag and a digest that agree": f"FROM alpine:3.18@{GIVEN} AS base\n",
    # -- lines --------------------------------------------------------------------------
    "a continuation before the name": "+# pinned: alpine:3.18\nFROM \\\n  «alpine:3.18»\n",
    "a continuation inside the name": (
        "+# pinned: alpine:3.18\nFROM «al\\\npine:3.18|alpine:3.18|\\\n@» AS base\nRUN true\n"
    ),
    "a name over three lines with a comment between": (
        "+# pinned: alpine:3.18\nFROM «al\\\n# FROM busybox\npi\\\nne:3.18|alpine:3.18"
        "|\\\n# FROM busybox\n\\\n@»\nRUN true\n"
    ),
    "an empty line in a continuation": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18» \\\n\nAS base\nFROM base\n"
    ),
    "a continuation that swallows an instruction": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nRUN true \\\nFROM busybox\n"
    ),
    "a continuation with blanks behind it": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nRUN true \\  \t\nFROM busybox\n"
    ),
    "two backslashes continue nothing": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nRUN true \\\\\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "a comment that ends in a backslash continues nothing": (
        "# a \\\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    "a comment in a continuation does not end it": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nRUN true \\\n  # no\n && FROM busybox\n"
    ),
    "a line of a backslash alone begins an instruction": (
        "+# pinned: alpine:3.18\n\\\nFROM «alpine:3.18»\n"
    ),
    "comments are no instructions": (
        "# FROM busybox\n  # FROM busybox\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n#FROM x\n"
    ),
    # -- directives -----------------------------------------------------------------------
    "a frontend": (
        "# syntax=«docker/dockerfile:1»\n+# pinned: docker/dockerfile:1\n"
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    "a frontend, and other directives": (
        "#Syntax = «docker/dockerfile:1»  \n# check=skip=all\n# escape=`\n+# pinned: docker/dockerfile:1\n"
        "\n+# pinned: alpine:3.18\nFROM `\n  «alpine:3.18»\nRUN dir c:\\\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "a frontend with arguments": (
        "# syntax=«docker/dockerfile:1» --debug\n+# pinned: docker/dockerfile:1\nFROM scratch\n"
    ),
    "a frontend behind a byte order mark and CR LF": (
        "\ufeff# syntax=«docker/dockerfile:1»\r\n+# pinned: docker/dockerfile:1\r\nFROM scratch\r\n"
    ),
    "a frontend behind a #! line": (
        "#!/usr/bin/env docker\n# syntax=«docker/dockerfile:1»\n+# pinned: docker/dockerfile:1\nFROM scratch\n"
    ),
    "a frontend that only older versions honour": (
        "# maintainer = me\n# syntax=«docker/dockerfile:1»\n+# pinned: docker/dockerfile:1\nFROM scratch\n"
    ),
    "a frontend by digest": f"# syntax=docker/dockerfile@{GIVEN}\nFROM scratch\n",
    "a comment first, and then no directives": (
        "# hello\n# syntax=docker/dockerfile:1\n# escape=`\n+# pinned: alpine:3.18\nFROM \\\n  «alpine:3.18»\n"
    ),
    "a backtick escapes": "# escape=`\n+# pinned: alpine:3.18\nFROM «al`pine:3.18|alpine:3.18»\n",
    # -- ARG ------------------------------------------------------------------------------
    "a default": "ARG TAG=3.18\n+# pinned: alpine:3.18\nFROM «alpine:$TAG|alpine:3.18»\n",
    "a default in quotes": (
        "ARG BASE=\"alpine:3.18\" OTHER='busybox'\n+# pinned: alpine:3.18\nFROM «${BASE}|alpine:3.18»\n"
        "+# pinned: busybox:latest\nFROM «$OTHER|busybox»\n"
    ),
    "a default from another": (
        "ARG V=3\nARG TAG=$V.18\n+# pinned: alpine:3.18\nFROM «alpine:${TAG}|alpine:3.18»\n"
    ),
    "the last default counts": (
        "ARG T=1\nARG T=3.18\n+# pinned: alpine:3.18\nFROM «alpine:$T|alpine:3.18»\n"
    ),
    "a build argument": (
        "ARG TAG=edge\n+# pinned: alpine:3.18\nFROM «alpine:$TAG|alpine:3.18»\n",
        Build(args={"TAG": "3.18"}),
    ),
    "a build argument without a default": (
        "ARG TAG\n+# pinned: alpine:3.18\nFROM «alpine:$TAG|alpine:3.18»\n",
        Build(args={"TAG": "3.18"}),
    ),
    "a build argument in place of a default that cannot be read": (
        "ARG TAG=${\n+# pinned: alpine:3.18\nFROM «alpine:$TAG|alpine:3.18»\n",
        Build(args={"TAG": "3.18"}),
    ),
    "a flag of ARG is dropped, as BuildKit does": (
        "ARG --x TAG=3.18\n+# pinned: alpine:3.18\nFROM «alpine:$TAG|alpine:3.18»\n"
    ),
    "an argument inside a stage says nothing of the next": (
        "ARG T=3.18\n+# pinned: alpine:3.18\nFROM «alpine:$T|alpine:3.18»\nARG T=edge\n"
        "+# pinned: alpine:3.18\nFROM «alpine:$T|alpine:3.18»\n"
    ),
    "a stage by a variable": (
        "ARG BASE=build\n+# pinned: golang:1.24\nFROM «golang:1.24» AS build\nFROM $BASE\n"
    ),
    "modifiers": (
        "ARG A\nARG B=\nARG C=c\n"
        "+# pinned: alpine:1\nFROM «alpine:${A:-1}|alpine:1»\n"
        "+# pinned: alpine:2\nFROM «alpine:${B:-2}|alpine:2»\n"
        "+# pinned: alpine:c\nFROM «alpine:${C:-3}|alpine:c»\n"
        "+# pinned: alpine:4\nFROM «alpine:${A-4}|alpine:4»\n"
        "+# pinned: alpine5:latest\nFROM «alpine${B-x}5|alpine5»\n"
        "+# pinned: alpine:latest\nFROM «alpine${A:+:6}|alpine»\n"
        "+# pinned: alpine:7\nFROM «alpine${C:+:7}|alpine:7»\n"
        "+# pinned: alpine8:latest\nFROM «alpine${B+8}|alpine8»\n"
        "+# pinned: alpine:c\nFROM «alpine:${C:?needed}|alpine:c»\n"
        "+# pinned: alpine:c\nFROM «alpine:${A:-${C:-9}}|alpine:c»\n"
    ),
    "patterns": (
        "ARG V=v3.18.4-slim\n"
        "+# pinned: alpine:3.18.4-slim\nFROM «alpine:${V#v}|alpine:3.18.4-slim»\n"
        "+# pinned: alpine:18.4-slim\nFROM «alpine:${V#*.}|alpine:18.4-slim»\n"
        "+# pinned: alpine:4-slim\nFROM «alpine:${V##*.}|alpine:4-slim»\n"
        "+# pinned: alpine:v3.18\nFROM «alpine:${V%.*}|alpine:v3.18»\n"
        "+# pinned: alpine:v3\nFROM «alpine:${V%%.*}|alpine:v3»\n"
        "+# pinned: alpine:v3_18.4-slim\nFROM «alpine:${V/./_}|alpine:v3_18.4-slim»\n"
        "+# pinned: alpine:v3_18_4-slim\nFROM «alpine:${V//./_}|alpine:v3_18_4-slim»\n"
        "+# pinned: alpine:x.18.4-slim\nFROM «alpine:${V/v?/x}|alpine:x.18.4-slim»\n"
    ),
    "a platform's own variables": (
        "+# pinned: app-arm:v7\nFROM «app-$TARGETARCH:$TARGETVARIANT|app-arm:v7»\n"
        "+# pinned: tools-linux:amd64\nFROM «tools-$BUILDOS:$BUILDARCH|tools-linux:amd64»\n",
        Build(platform="linux/arm/v7", build_platform="linux/amd64"),
    ),
    "a platform's variable, overridden": (
        "ARG TARGETARCH\n+# pinned: app-mine:latest\nFROM «app-$TARGETARCH|app-mine»\n",
        Build(platform="linux/arm64", args={"TARGETARCH": "mine"}),
    ),
    "the target": (
        "+# pinned: app-dev:latest\nFROM «app-$TARGETSTAGE|app-dev» AS dev\nFROM scratch AS rel\n",
        Build(target="dev"),
    ),
    # -- COPY, ADD ------------------------------------------------------------------------
    "a copy from an image": (
        "FROM scratch\n+# pinned: nginx:1.27\nCOPY --from=«nginx:1.27» /etc/nginx /etc/nginx\n"
    ),
    "copies from stages, by name and by number": (
        "FROM scratch AS a\nFROM scratch\nCOPY --from=a /x /x\nCOPY --from=0 /x /x\nCOPY --from=+00 / /\n"
    ),
    "a copy from an image among other flags, in quotes": (
        "FROM scratch\n+# pinned: nginx:1.27\n"
        'COPY --chown=1:1 --from="«nginx:1.27»" --link=true ["/a b", "/c"]\n'
    ),
    "quotes run through a flag": (
        "FROM scratch\n+# pinned: nginx:1.27\n"
        'COPY «--fr\'om\'=ngi"nx":1.27|nginx:1.27|--"from=@"» /a /b\n'
    ),
    "a flag over two lines": (
        "FROM scratch\n+# pinned: nginx:1.27\nCOPY --from=«ngi\\\nnx:1.27|nginx:1.27|\\\n@» /a /b\n"
    ),
    "an escape in a flag's name": (
        "FROM scratch\n+# pinned: nginx:1.27\nCOPY --f\\rom=«nginx:1.27» /a /b\n"
    ),
    "a copy from scratch": "FROM scratch\nCOPY --from=scratch / /\n",
    "an empty --from is none": "FROM scratch\nCOPY --from= /a /b\n",
    "what looks like a flag behind the arguments is none": (
        "FROM scratch\nCOPY a --from=nginx:1.27 /b\nCOPY -- --from=nginx /b\nADD a --from=nginx /b/\n"
    ),
    # -- RUN --mount ------------------------------------------------------------------------
    "a mount from an image": (
        "FROM scratch\n+# pinned: golang:1.24\n"
        "RUN --mount=type=bind,from=«golang:1.24»,source=/usr,target=/go go version\n"
    ),
    "two mounts, and one from a stage": (
        "FROM scratch AS deps\nFROM scratch\n+# pinned: a/a:1\n+# pinned: b/b:2\n"
        "RUN --mount=from=«a/a:1»,target=/a --mount=type=cache,target=/c,from=«b/b:2» \\\n"
        "    --mount=type=bind,from=Deps,target=/d true\n"
    ),
    "a number is no stage in a mount": (
        "FROM scratch\nFROM scratch\n+# pinned: 0:latest\nRUN --mount=from=«0»,target=/a true\n"
    ),
    "a mount whose keys are in any case": (
        "FROM scratch\n+# pinned: golang:1.24\nRUN --mount=Target=/a,FROM=«golang:1.24» true\n"
    ),
    "a mount in quotes": (
        'FROM scratch\n+# pinned: golang:1.24\nRUN --mount="type=bind,from=«golang:1.24»,target=/a" true\n'
    ),
    "a mount with a field in quotes": (
        'FROM scratch\n+# pinned: golang:1.24\nRUN --mount=\\"from=«golang:1.24»\\",target=/a true\n'
    ),
    "a mount that quotes run through": (
        "FROM scratch\n+# pinned: golang:1.24\n"
        'RUN «--mount=\\"target=/a\\",from=go\'lang\':1.24|golang:1.24|--"mount=\\"target=/a\\",from=@"» true\n'
    ),
    "a mount from nowhere": "FROM scratch\nRUN --mount=type=tmpfs,target=/t --mount=from=,target=/a true\n",
    # -- heredocs -----------------------------------------------------------------------------
    "a heredoc is data": (
        "FROM scratch\nRUN <<EOF\nFROM busybox\nCOPY --from=nginx / /\nEOF\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    "a heredoc in quotes, with tabs": (
        "FROM scratch\nRUN <<-'E F'\n\tFROM busybox\n\t\tE F\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    "several heredocs": (
        'FROM scratch\nCOPY <<A <<"B" /dir/\nFROM b\nA\nFROM a\nB\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n'
    ),
    "a heredoc with a descriptor and a blank": (
        "FROM scratch\nRUN cat 3<< EOF\nFROM busybox\nEOF\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    "a heredoc behind a mount": (
        "FROM scratch\n+# pinned: golang:1.24\nRUN --mount=from=«golang:1.24»,target=/a <<EOF\nFROM busybox\nEOF\n"
    ),
    "no heredoc in JSON form": (
        'FROM scratch\nRUN ["cat", "<<EOF"]\n+# pinned: busybox:latest\nFROM «busybox»\n'
    ),
    "no heredoc in CMD": "FROM scratch\nCMD cat <<EOF\n+# pinned: busybox:latest\nFROM «busybox»\n",
    "no heredoc behind a quote that is not closed": (
        "FROM scratch\nRUN echo it's <<EOF\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "no heredoc in quotes": (
        'FROM scratch\nRUN echo "<<EOF"\n+# pinned: busybox:latest\nFROM «busybox»\n'
    ),
    "no heredoc behind a substitution that is none": (
        "FROM scratch\nRUN echo ${x^} <<EOF\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "no heredoc glued to a word": (
        "FROM scratch\nRUN a<<EOF\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "a heredoc glued to a default: half the word is lost": (
        "FROM scratch\nRUN a${b:-c}<<EOF\n+# pinned: busybox:latest\nFROM «busybox»\n"
    ),
    "a heredoc under ONBUILD": (
        "FROM scratch\nONBUILD RUN <<EOF\nFROM busybox\nEOF\n+# pinned: alpine:3.18\nFROM «alpine:3.18»\n"
    ),
    # -- ONBUILD and contexts -------------------------------------------------------------------
    "a trigger that copies and one that mounts": (
        "FROM scratch AS base\n+# pinned: nginx:1.27\nONBUILD COPY --from=«nginx:1.27» /a /b\n"
        "+# pinned: golang:1.24\nONBUILD RUN --mount=from=«golang:1.24»,target=/g true\n"
        "ONBUILD COPY --from=0 /a /b\nONBUILD COPY --from=base /a /b\nFROM base\n"
    ),
    "contexts are no images": (
        "+# pinned: alpine:3.18\nFROM «alpine:3.18»\nCOPY --from=src / /\nRUN --mount=from=acme/tools,target=/t true\n"
        "FROM docker.io/library/src:latest\n",
        Build(contexts=["src", "acme/tools:latest"]),
    ),
}

# name: (text, what the error is, what it says)
REFUSED = {
    "nothing": ("", "an instruction FROM"),
    "comments alone": ("# FROM alpine\n", "an instruction FROM"),
    "no stage": ("ARG A=1\n", "an instruction FROM"),
    "an instruction before the first stage": ("RUN true\nFROM alpine\n", "line 1"),
    "no such instruction": ("FROM alpine\nFORM busybox\n", "line 2: expected an instruction"),
    "an instruction behind a no-break space": ("FROM alpine\nRUN\xa0true\n", "an instruction"),
    "no image": ("FROM\n", "FROM image"),
    "two images": ("FROM alpine busybox\n", "FROM image"),
    "a comment behind the image": ("FROM alpine # the base\n", "FROM image"),
    "a stage without a name": ("FROM alpine AS\n", "FROM image"),
    "a stage with a bad name": ("FROM alpine AS 1st\n", "a stage name"),
    "an image in upper case": ("FROM Alpine\n", "an image in FROM"),
    "a stage in FROM in another case": ("FROM alpine AS b\nFROM B\n", "an image in FROM"),
    "an image id": (f"FROM {'a' * 64}\n", "an image in FROM"),
    "a URL": ("FROM docker-image://alpine\n", "an image in FROM"),
    "a blank name": ('FROM ""\n', "the name of an image"),
    "an unknown flag of FROM": ("FROM --from=x alpine\n", "a flag of FROM"),
    "ADD has no --from": ("FROM alpine\nADD --from=nginx /a /b\n", "a flag of ADD"),
    "a flag without a value": ("FROM alpine\nCOPY --from /a /b\n", "a value of --from"),
    "a flag twice": ("FROM alpine\nCOPY --from=a --from=b /a /b\n", "--from once"),
    "a flag that is not true or false": ("FROM alpine\nCOPY --link=1 /a /b\n", "true or false"),
    "a flag that is not ASCII": ("FROM alpine\nCOPY --from=é\u0085 /a /b\n", "flags in ASCII"),
    "a copy of one thing": ("FROM alpine\nCOPY --from=nginx /a\n", "a source and a destination"),
    "a copy to a heredoc": ("FROM alpine\nCOPY a <<EOF\nEOF\n", "no heredoc"),
    "a variable in --from": ("ARG A=b\nFROM alpine\nCOPY --from=$A /a /b\n", "without variables"),
    "a variable in from=": (
        "FROM alpine\nRUN --mount=from=$A,target=/a true\n",
        "without variables",
    ),
    "a stage that comes later": (
        "FROM alpine\nCOPY --from=b /a /b\nFROM alpine AS b\n",
        "before this",
    ),
    "its own stage": ("FROM alpine AS b\nCOPY --from=b /a /b\n", "a stage before this one"),
    "an index too high": ("FROM alpine\nFROM alpine\nCOPY --from=1 /a /b\n", "a stage before this"),
    "an index below zero": ("FROM alpine\nFROM alpine\nCOPY --from=-1 /a /b\n", "a stage before"),
    "a mount of an unknown key": ("FROM alpine\nRUN --mount=form=x,target=/a true\n", "a key"),
    "a mount of two sources": ("FROM alpine\nRUN --mount=from=a,from=b true\n", "one from="),
    "a mount with a bare quote": (
        'FROM alpine\nRUN --mount=from=a\\"b\\" true\n',
        "without a quote",
    ),
    "an empty mount": ("FROM alpine\nRUN --mount= true\n", "fields"),
    "a heredoc that does not end": ("FROM alpine\nRUN <<EOF\nFROM busybox\n", "ends the heredoc"),
    "JSON that is not of strings": ('FROM alpine\nRUN [1, {"a": [null]}]\n', "strings only"),
    "SHELL without JSON": ("FROM alpine\nSHELL bash\n", "SHELL with a JSON array"),
    "ENV without a value": ("FROM alpine\nENV A\n", "two arguments of ENV"),
    "ENV with a word too many": ("FROM alpine\nENV A=b c\n", "name=value in ENV"),
    "ENV without a name": ("FROM alpine\nENV A=b =c\n", "a name in ENV"),
    "LABEL with a word too many": ("FROM alpine\nLABEL A=b c\n", "name=value in LABEL"),
    "a field whose quote does not close": (
        'FROM alpine\nRUN --mount=\\"from=a true\n',
        "a closing quote",
    ),
    "a field with more behind its quote": (
        'FROM alpine\nRUN --mount=\\"from=a\\"b true\n',
        "a comma behind a quoted field",
    ),
    "a doubled quote in a field is no image": (
        'FROM alpine\nRUN --mount=\\"from=a\\"\\"b\\" true\n',
        "an image in RUN --mount",
    ),
    "a pattern with an escape too many": ("ARG A=b\nFROM ${A#\\x}\n", "an escape of"),
    "a replacement that would be a group": (
        "ARG A=b\nFROM ${A//b/x'$'}\n",
        "a replacement without $",
    ),
    "a pattern that matches nothing": ("ARG A=b\nFROM ${A//*/x}\n", "does not match nothing"),
    "a modifier of a modifier": ("ARG A=b\nFROM ${A:#b}\n", "one of the modifiers"),
    "a replacement that does not end": ("ARG A=b\nFROM ${A/b}\n", "a matching /"),
    "a variable that does not end": ("ARG A=b\nFROM ${A:-b\n", "a matching }"),
    "a double quote that is not closed": ('FROM "alpine\n', "a matching double quote"),
    "an empty platform": ("FROM --platform= alpine\n", "a platform"),
    "a platform of an argument that is empty": (
        "ARG P=\nFROM --platform=$P alpine\n",
        "a platform",
    ),
    "ARG without a name": ("ARG =b\nFROM alpine\n", "a name in ARG"),
    "HEALTHCHECK of another kind": ("FROM alpine\nHEALTHCHECK GO\n", "HEALTHCHECK NONE or CMD"),
    "HEALTHCHECK NONE with more": ("FROM alpine\nHEALTHCHECK NONE x\n", "no arguments"),
    "HEALTHCHECK CMD with less": ("FROM alpine\nHEALTHCHECK CMD\n", "a command"),
    "USER of nobody": ("FROM alpine\nUSER\n", "arguments of USER"),
    "ONBUILD FROM": ("FROM alpine\nONBUILD FROM busybox\n", "a trigger"),
    "ONBUILD ONBUILD": ("FROM alpine\nONBUILD ONBUILD RUN true\n", "a trigger"),
    "ONBUILD alone": ("FROM alpine\nONBUILD\n", "arguments of ONBUILD"),
    "a trigger that reads differently when it is run": (
        "# escape=`\nFROM alpine\nONBUILD COPY --from=ngi\\nx /a /b\n",
        "reads the same",
    ),
    "a trigger that would run on into its heredoc": (
        "# escape=`\nFROM alpine\nONBUILD RUN <<A \\\nA\n",
        "reads the same",
    ),
    "a quote that is not closed": ("FROM 'alpine\n", "a matching single quote"),
    "a substitution that is none": ("FROM ${}\n", "a variable in"),
    "a modifier that is none": ("ARG A=b\nFROM ${A^}\n", "one of the modifiers"),
    "a value that is demanded": ("ARG A\nFROM alpine:${A:?say which}\n", "say which"),
    "an escape character that is none": ("# escape=x\nFROM alpine\n", "the escape character"),
    "an escape that only some versions honour": (
        "# hello=x\n# escape=`\nFROM alpine\n",
        "an escape directive on the first lines",
    ),
    "two frontends": ("# syntax=a/a\n# syntax=b/b\nFROM alpine\n", "one syntax directive"),
    "a frontend without a name": ("# syntax= \nFROM alpine\n", "an image in # syntax"),
    "a frontend in slashes": ("// syntax=evil/frontend\nFROM alpine\n", "an instruction"),
    "a frontend in JSON": ('{"syntax": "evil/frontend"}\n', "an instruction"),
    "a heredoc that hides an image from frontends of today": (
        "FROM alpine\nRUN <<'USER root'\nFROM evil\nUSER root\n",
        "line 3: expected lines that are no instructions to earlier versions",
    ),
    "a heredoc whose end is swallowed by frontends of old": (
        "FROM alpine\nRUN <<EOF\nCOPY --from=evil / /\nRUN true \\\nEOF\n",
        "got 'COPY --from evil'",
    ),
    "a comment in a continuation that ended it once": (
        "FROM alpine\nRUN true \\\n  # x\nCOPY --from=evil / /\n",
        "got 'COPY --from evil'",
    ),
    "a heredoc that ends in a comment": (
        "FROM alpine\nRUN <<'#'\nFROM evil\n#\n",
        "got 'FROM evil'",
    ),
    "a doubled escape that continued a line once": (
        "ARG A=alpine\\\\\nARG B=c\nFROM ${A%?}\n",
        "got 'FROM alpineAR'",
    ),
    "a byte that is none": ("FROM alpine\0\n", "expected text"),
    "half a pair": ("FROM alpine\ud800\n", "UTF-8"),
    "bytes that are no text": (b"FROM alpine\xff\n", "UTF-8"),
    "a line too long": ("FROM alpine\nRUN " + "x" * 65_532 + "\n", "lines of at most"),
}

# name: (text, what it hangs on)
UNDECIDED = {
    "an argument without a value": ("ARG TAG\nFROM alpine:$TAG\n", ("TAG",)),
    "an argument that nobody declared": ("FROM alpine$TAG\n", ("TAG",)),
    "an argument declared too late": ("FROM alpine\nARG T=1\nFROM alpine:$T\n", ("T",)),
    "a default that hangs on another": ("ARG A\nARG B=x$A\nFROM alpine:$B\n", ("B", "A")),
    "a doubt that a default does not take away": ("ARG A\nARG B=x$A\nFROM ${B:-y}\n", ("B", "A")),
    "a pattern on nothing": ("ARG A\nFROM alpine:3${A%x}\n", ("A",)),
    "a replacement in nothing": ("ARG A\nFROM alpine:3${A/x/y}\n", ("A",)),
    "a platform nobody named": ("FROM app-$TARGETARCH\n", ("TARGETARCH",)),
    "a platform nobody named, with a default": ("FROM app-${BUILDARCH:-x}\n", ("BUILDARCH",)),
    "a moment that BuildKit computes": (
        "ARG SOURCE_DATE_EPOCH=1\nFROM app:$SOURCE_DATE_EPOCH\n",
        ("SOURCE_DATE_EPOCH",),
    ),
}
