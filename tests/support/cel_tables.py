"""What CEL says to expressions: True, False, or the words of an error. A real server must agree.

What the server's compiler would refuse is behind `dyn`, which puts it off until the expression runs.
"""

from __future__ import annotations

TRUE = """
1 == 1.0
dyn(1) == dyn(1u)
[1, 2] == [1.0, 2.0]
{'a': 1} == {'a': 1.0}
dyn(true) != dyn(1)
dyn('1') != dyn(1)
dyn([true]) != dyn([1])
dyn(null) == dyn(null)
dyn(null) != dyn(0)
1 < 2
dyn(1) < dyn(1.5)
dyn(2u) > dyn(1)
'a' < 'b'
'Z' < 'a'
false < true
-7 / 2 == -3
-7 % 2 == -1
7 % -2 == 1
2 + 3 * 4 == 14
(2 + 3) * 4 == 20
10 - 2 - 3 == 5
!false && !!true
-(-3) == 3
1 in [1, 2]
dyn(1.0) in [1, 2]
!(true in [dyn(1)])
'a' in {'a': 1}
!('b' in {'a': 1})
[1, 2][1] == 2
{'a': {'b': 3}}.a.b == 3
{'a': 1}['a'] == 1
has({'a': null}.a)
!has({'a': 1}.b)
size('größe') == 5
'😀'.size() == 1
size([1, 2, 3]) == 3
{'a': 1, 'b': 2}.size() == 2
size(b'abc') == 3
'a' + 'b' == 'ab'
[1] + [2] == [1, 2]
true || dyn(1) / 0 == 1
dyn(1) / 0 == 1 || true
!(false && dyn(1) / 0 == 1)
!(dyn(1) / 0 == 1 && false)
[1, 0].exists(x, 1 / x == 1)
[0, 1].exists(x, 1 / x == 1)
!([1, 0].all(x, 1 / x == 2))
[].all(x, false)
![].exists(x, true)
[1, 2, 3].exists_one(x, x == 2)
![1, 2, 2].exists_one(x, x == 2)
![1].exists_one(x, x == 2)
[1, 2, 3].filter(x, x > 1) == [2, 3]
[1, 2, 3].map(x, x * 2) == [2, 4, 6]
[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]
{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])
{'a': 1}.exists(k, k == 'a')
{'a': 1}.map(k, k) == ['a']
[[1], [2, 3]].all(x, x.all(y, y > 0))
[1, 2].all(x, [1, 2].exists(y, x == y))
true ? true : false
(1 > 2 ? 'a' : 'b') == 'b'
false ? false : true ? true : false
'abc'.startsWith('ab')
'abc'.endsWith('bc')
'abc'.contains('b')
'a/b/c'.split('/') == ['a', 'b', 'c']
'a/b/c'.split('/', 2) == ['a', 'b/c']
'abc'.split('') == ['a', 'b', 'c']
'abc'.split('/', 0) == []
'abcd'.substring(1) == 'bcd'
'abcd'.substring(1, 3) == 'bc'
'größe'.substring(2, 4) == 'öß'
'abc'.charAt(1) == 'b'
'abc'.charAt(3) == ''
'abcabc'.indexOf('c') == 2
'abcabc'.indexOf('c', 3) == 5
'abc'.indexOf('') == 0
'abcabc'.lastIndexOf('b') == 4
'abcabc'.lastIndexOf('b', 3) == 1
'abc'.indexOf('x') == -1
'ÄBc'.lowerAscii() == 'Äbc'
'äbC'.upperAscii() == 'äBC'
'abab'.replace('a', 'x') == 'xbxb'
'abab'.replace('a', 'x', 1) == 'xbab'
'  a '.trim() == 'a'
['a', 'b'].join('-') == 'a-b'
['a', 'b'].join() == 'ab'
'abc'.matches('b')
!'abc'.matches('^b')
'abc\\n'.matches('c\\n$')
!'abc\\n'.matches('c$')
'ABC'.matches('(?i)abc')
'ABC'.matches('^(?i)abc$')
!'٣'.matches('^\\\\d$')
'a1b22'.find('[0-9]+') == '1'
'a1b22'.findAll('[0-9]+') == ['1', '22']
'a1b22'.findAll('[0-9]+', 1) == ['1']
r'\\d' == '\\\\d'
\"""a'b\""" == "a'b"
'\\x41\\u00e4\\101' == 'AäA'
0x10 == 16
1e3 == 1000.0
.5 == 0.5
[3, 1, 2].max() == 3
[3, 1, 2].min() == 1
[1, 2, 3].sum() == 6
[1.5, 2.5].sum() == 4.0
[1, 2, 2].isSorted()
![2, 1].isSorted()
['a', 'b'].indexOf('b') == 1
[1, 2, 1].lastIndexOf(1) == 2
duration('90s') == duration('1m30s')
duration('1h') > duration('59m')
duration('-1.5s') < duration('0')
duration('1s') + duration('500ms') == duration('1500ms')
duration('90s').getMinutes() == 1
duration('90s').getSeconds() == 90
timestamp('2024-02-29T10:00:00Z') < timestamp('2024-02-29T10:00:00-01:00')
timestamp('2024-02-29T10:00:00Z') + duration('1h') == timestamp('2024-02-29T11:00:00Z')
timestamp('2024-02-29T10:00:00Z') - timestamp('2024-02-29T09:00:00Z') == duration('1h')
timestamp('2024-02-29T10:00:00Z').getFullYear() == 2024
timestamp('2024-02-29T10:00:00Z').getMonth() == 1
timestamp('2024-02-29T10:00:00Z').getDayOfMonth() == 28
timestamp('2024-03-03T10:00:00Z').getDayOfWeek() == 0
int('42') == 42
int(3.9) == 3
string(42) == '42'
string(true) == 'true'
double('1.5') == 1.5
uint(3) == 3u
bool('true')
type(1) == int
type('a') == string
isIP('10.0.0.1')
isIP('::1')
!isIP('10.0.0.01')
!isIP('10.0.0')
!isIP('::ffff:10.0.0.1')
!isIP('fe80::1%eth0')
ip('10.0.0.1').family() == 4
ip('::1').isLoopback()
ip.isCanonical('::1')
!ip.isCanonical('0::1')
isCIDR('10.0.0.0/8')
!isCIDR('10.0.0.0')
cidr('10.0.0.0/8').containsIP('10.1.2.3')
!cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
cidr('10.0.0.0/8').prefixLength() == 8
isQuantity('1Gi')
!isQuantity('1GiB')
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('500m').compareTo(quantity('0.5')) == 0
quantity('1k').asInteger() == 1000
quantity('2').add(quantity('3')).compareTo(quantity('5')) == 0
isURL('https://example.com:80/path')
!isURL('example')
url('https://user@example.com:80/path').getHostname() == 'example.com'
url('https://example.com:80/path').getPort() == '80'
url('https://example.com/path').getScheme() == 'https'
format.dns1123Label().validate('abc') == optional.none()
format.dns1123Label().validate('Abc').hasValue()
format.dns1123Label().validate('Abc').value().size() == 1
format.named('dns1123Label').hasValue()
!format.named('nonsense').hasValue()
sets.contains([1, 2, 3], [2])
!sets.contains([1, 2], [3])
sets.equivalent([1, 2, 2], [2, 1])
sets.intersects([1, 2], [2, 3])
optional.of(1).hasValue()
optional.none().orValue(3) == 3
optional.of(2).orValue(3) == 2
{'a': 1}.?a.orValue(0) == 1
{'a': 1}.?b.orValue(0) == 0
{'a': {'b': 1}}.?a.?b.value() == 1
[1][?0].orValue(5) == 1
[1][?3].orValue(5) == 5
{'a': 1}[?'b'].orValue(7) == 7
optional.of(2).optMap(x, x * 2).value() == 4
""".strip().split("\n")

ERRORS = {
    "1 / dyn(0) == 1": "division by zero",
    "1 % dyn(0) == 1": "modulus by zero",
    "dyn(9223372036854775807) + 1 > 0": "integer overflow",
    "dyn(9223372036854775807) * 2 > 0": "integer overflow",
    "[1][dyn(1)] == 1": "index out of bounds: 1",
    "[1][dyn(-1)] == 1": "index out of bounds: -1",
    "{'a': 1}['b'] == 1": "no such key: b",
    "{'a': 1}.b == 1": "no such key: b",
    "dyn(1) + dyn(1.5) == 2.5": "no such overload",
    "dyn(1) + dyn('a') == 'a'": "no such overload",
    "dyn('a') < dyn(1)": "no such overload",
    "dyn(true) + dyn(true) == dyn(2)": "no such overload",
    "dyn(1) || dyn(2)": "no such overload",
    "dyn(1) in dyn('abc')": "no such overload",
    "dyn(1).size() == 1": "no such overload",
    "[1, 0].all(x, 1 / x == 1)": "division by zero",
    "[0].exists(x, 1 / x == 2)": "division by zero",
    "[0, 1].exists_one(x, 1 / x == 1)": "division by zero",
    "[1, 0].filter(x, 1 / x == 1) == [1]": "division by zero",
    "[0].map(x, 1 / x) == [1]": "division by zero",
    "{'a': 1}.b == 1 || {'a': 1}.c == 1": "no such key: b",
    "{'a': 1}.b == 1 && {'a': 1}.c == 1": "no such key: b",
    "false || {'a': 1}.c == 1": "no such key: c",
    "'abc'.substring(4) == ''": "index out of range: 4",
    "'abc'.substring(2, 1) == ''": "invalid substring range. start: 2, end: 1",
    "'abc'.charAt(4) == ''": "index out of range: 4",
    "optional.none().value() == dyn(1)": "optional.none() dereference",
}
"""Expression → the start of its error."""
