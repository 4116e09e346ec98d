"""Starts a broker and `kseek serve`, fills two topics, and has schemathesis test the server (run.sh says how)."""
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from openapi_spec_validator import validate

HERE = Path(__file__).resolve().parent
# What a token is tried on that may only search, and that is not for every topic.
READING = ('/api/v1/search', '/api/v1/topics', '/api/v1/topics/{topic}', '/api/v1/topics/{topic}/messages',
           '/api/v1/topics/{topic}/messages/read', '/metrics')


def first_line(command, **options):
    """The process, and the first line that it prints."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    return process, process.stdout.readline().strip()


def call(url, method='GET', body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {} if token is None else {'Authorization': f'Bearer {token}'}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError('the messages were not found')
        time.sleep(0.01)


def fill(url):
    for topic in ('orders', 'payments'):
        call(f'{url}/api/v1/topics', 'POST', {'topic': topic})
        for i in range(30):
            message = {'key': f'order-{i}', 'value': json.dumps({'n': i, 'text': 'payment timeout'}), 'partition': i % 2,
                       'headers': [{'name': 'trace-id', 'value': None if i % 3 else '4bf9'}]}
            call(f'{url}/api/v1/topics/{topic}/messages', 'POST', message)
    call(f'{url}/api/v1/topics/payments/reindex', 'POST', {'source': 'store'})
    search = f'{url}/api/v1/search?' + urllib.parse.urlencode({'topic': 'orders,payments', 'q': 'n 29'})
    wait_for(lambda: len(call(search)['hits']) >= 2)


def schemathesis(program, url, seed, examples, *more):
    """Its exit code. Each run is of one worker and a seed, so that it can be repeated."""
    command = [program, 'run', f'{url}/openapi.json', '--seed', str(seed),
               '--max-examples', str(examples), '--continue-on-failure', '--request-timeout', '30',
               # The query text has a grammar of its own: not every text that the document allows is one.
               '--exclude-checks', 'positive_data_acceptance', *more]
    environment = {**os.environ, 'SCHEMATHESIS_HOOKS': str(HERE / 'hooks.py'), 'NO_COLOR': '1'}
    with tempfile.TemporaryDirectory() as scratch:
        return subprocess.run(command, env=environment, cwd=scratch, check=False).returncode


def serve(kseek, *arguments):
    return first_line([kseek, 'serve', '--listen', '127.0.0.1:0', *arguments])


def make_token(kseek, tokens, name, role, topics):
    made = subprocess.run([kseek, 'token', 'add', name, '--role', role, '--topics', topics, '--file', tokens],
                          stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.splitlines()[0]


def with_a_token(kseek, program, address, seed, examples):
    """A server of its own on the filled topics, asked with a token that may only search, and only one of them."""
    with tempfile.TemporaryDirectory() as directory:
        tokens = f'{directory}/tokens'
        root = make_token(kseek, tokens, 'root', 'operate', '*')
        alice = make_token(kseek, tokens, 'alice', 'search', 'ord*')
        Path(f'{directory}/kseek.toml').write_text(f'[server]\ntokens_file = "{tokens}"\n')
        server, url = serve(kseek, '--config', f'{directory}/kseek.toml', '--brokers', address, '--data-dir',
                            f'{directory}/data')
        try:
            for topic in ('orders', 'payments'):
                call(f'{url}/api/v1/topics', 'POST', {'topic': topic}, root)
            names = [topic['name'] for topic in call(f'{url}/api/v1/topics', token=alice)['topics']]
            if names != ['orders']:
                print(f'the token sees {names}')
                return 1
            paths = [option for path in READING for option in ('--include-path', path)]
            return schemathesis(program, url, seed, examples, '--header', f'Authorization: Bearer {alice}', *paths,
                                '--phases', 'coverage,fuzzing')
        finally:
            server.terminate()
            server.wait(60)


def main():
    kseek, program = sys.argv[1:3]
    validate(json.loads((HERE / '../../server/openapi.json').read_text()))
    seed = int(os.environ.get('KSEEK_SEED') or 1)  # one, so that what fails is the change's doing; others by hand
    examples = int(os.environ.get('KSEEK_EXAMPLES') or 20)
    print(f'KSEEK_SEED={seed}', flush=True)
    with tempfile.TemporaryDirectory() as directory:
        broker, address = first_line([kseek, 'broker', '--topic', 'orders:2', '--topic', 'payments:2'])
        server, url = serve(kseek, '--brokers', address, '--data-dir', f'{directory}/data')
        try:
            fill(url)
            # What closes topics and cancels jobs comes last: the rest shall find something.
            code = schemathesis(program, url, seed, examples, '--exclude-method', 'DELETE')
            code = schemathesis(program, url, seed, examples, '--include-method', 'DELETE') or code
            code = with_a_token(kseek, program, address, seed, max(examples // 2, 1)) or code
            call(f'{url}/healthz')
        finally:
            for process in (server, broker):
                process.terminate()
                process.wait(60)
    if server.returncode != 0:
        print(f'the server ended with {server.returncode}')
    return code or server.returncode


if __name__ == '__main__':
    sys.exit(main())
