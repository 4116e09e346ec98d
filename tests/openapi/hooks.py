"""What schemathesis is not to ask for."""
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Live tails never end; tests/server/stream_test.cc has them."""
    if case.query and case.query.get('follow') in ('1', 'true'):
        case.query['follow'] = '0'
    if isinstance(case.body, dict) and case.body.get('follow') in (1, True, '1', 'true'):
        case.body['follow'] = '0'
