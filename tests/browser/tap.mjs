// A test is a name and a function that throws; what comes out is TAP.
const tests = [];

export function test(name, body) {
    tests.push([name, body]);
}

export function is(got, wanted, what = "value") {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    if (a !== b) throw new Error(`${what}: ${a}, where ${b} was wanted`);
}

export function ok(condition, what) {
    if (!condition) throw new Error(what);
}

export async function run() {
    let failed = 0;
    console.log(`1..${tests.length}`);
    for (const [index, [name, body]] of tests.entries()) {
        try {
            await body();
            console.log(`ok ${index + 1} - ${name}`);
        } catch (error) {
            failed += 1;
            console.log(`not ok ${index + 1} - ${name}`);
            for (const line of String(error.stack || error).split("\n").slice(0, 12)) console.log(`#   ${line}`);
        }
    }
    return failed;
}
