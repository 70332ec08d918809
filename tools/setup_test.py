# SPDX-License-Identifier: Apache-2.0
"""Tests of setup.sh with stand-ins for dpkg-query, apt-get, sudo and id: nothing is installed."""

import os
import shutil
import subprocess
import tempfile
import unittest

TOOLS = os.path.dirname(os.path.abspath(__file__))
STAND_INS = {
    # What is installed stands in the file `installed`.
    "dpkg-query": 'sed "s/^/installed /" "$FAKE/installed"',
    "id": 'cat "$FAKE/uid"',
    "sudo": 'test -f "$FAKE/may_sudo" || exit 1; shift; exec "$@"',
    "apt-get": """echo "apt-get $*" >>"$FAKE/log"
case " $* " in
  *" update "*) ;;
  *" -s "*) cat "$FAKE/simulated" ;;
  *" --print-uris "*) printf "'http://x/a.deb' a.deb 2500000 MD5\\n'http://x/b.deb' b.deb 1500000 MD5\\n" ;;
  *" install "*) printf 'one\\ntwo\\n' >"$FAKE/installed" ;;
esac""",
}


class Setup(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="flywheel-setup-")
        self.addCleanup(shutil.rmtree, self.root)
        self.fake = os.path.join(self.root, "fake")
        for folder in ("tools", "fake/bin", ".venv/bin", ".venv/lib/python3.11/site-packages/pyarrow"):
            os.makedirs(os.path.join(self.root, folder))
        shutil.copy(os.path.join(TOOLS, "setup.sh"), os.path.join(self.root, "tools"))
        self.write("tools/packages.txt", "# core\none\ntwo # why\n\n")
        self.write("tools/requirements.txt", "pyarrow==1\n")
        self.write(".venv/requirements.txt", "pyarrow==1\n")
        os.symlink("/bin/true", os.path.join(self.root, ".venv/bin/python"))
        for name, body in STAND_INS.items():
            self.write(f"fake/bin/{name}", f"#!/bin/bash\n{body}\n")
            os.chmod(os.path.join(self.fake, "bin", name), 0o755)
        self.write("fake/installed", "one\n")
        self.write("fake/uid", "0\n")
        self.write("fake/simulated", "Inst two (1 Debian)\nConf two (1 Debian)\n")
        self.write("fake/log", "")

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as file:
            file.write(text)

    def run_setup(self, *components):
        env = dict(os.environ, FAKE=self.fake, PATH=self.fake + "/bin:" + os.environ["PATH"])
        done = subprocess.run([os.path.join(self.root, "tools/setup.sh"), *components], env=env, capture_output=True, text=True, check=False)
        with open(os.path.join(self.fake, "log"), encoding="utf-8") as log:
            return done.returncode, done.stdout + done.stderr, log.read()

    def test_does_nothing_when_all_is_there(self):
        self.write("fake/installed", "one\ntwo\nthree\n")
        self.assertEqual(self.run_setup(), (0, "setup: everything is there\n", ""))

    def test_does_nothing_when_the_component_is_there_too(self):
        self.write("fake/installed", "one\ntwo\n")
        os.makedirs(os.path.join(self.root, ".venv/lib/python3.11/site-packages/openvino"))
        for folder in ("tools", ".venv"):
            self.write(f"{folder}/requirements-openvino.txt", "openvino==1\n")
        self.assertEqual(self.run_setup("openvino"), (0, "setup: everything is there\n", ""))

    def test_installs_a_component_only_when_asked(self):
        self.write("fake/installed", "one\ntwo\n")
        self.write("tools/requirements-openvino.txt", "openvino==1\n")
        self.assertEqual(self.run_setup(), (0, "setup: everything is there\n", ""))
        code, output, _ = self.run_setup("openvino")
        self.assertEqual(code, 0, output)
        self.assertIn("installing the wheels of tools/requirements-openvino.txt", output)
        self.assertTrue(os.path.exists(os.path.join(self.root, ".venv/requirements-openvino.txt")))

    def test_refuses_a_component_that_is_none(self):
        code, output, log = self.run_setup("torsh")
        self.assertEqual((code, log), (1, ""))
        self.assertIn("no such component: torsh; there are: openvino, page", output)

    def test_installs_only_what_is_missing_and_says_how_much(self):
        code, output, log = self.run_setup()
        self.assertEqual(code, 0, output)
        self.assertIn("1 Debian packages are missing: two", output)
        self.assertIn("fetching 4 MB for 1 packages", output)
        self.assertRegex(log, r"-y -qq --no-remove install two\n$")
        self.assertNotIn("one", log)

    def test_refuses_when_a_package_of_the_user_would_go(self):
        self.write("fake/simulated", "Remv libboost-dev [1.81]\nInst two (1 Debian)\n")
        code, output, log = self.run_setup()
        self.assertEqual(code, 1)
        self.assertIn("would remove packages that you have: libboost-dev", output)
        self.assertNotIn("-y", log)

    def test_without_rights_prints_the_line_to_type(self):
        self.write("fake/uid", "1000\n")
        code, output, log = self.run_setup()
        self.assertEqual((code, log), (1, ""))
        self.assertIn("\n  sudo apt-get update && sudo apt-get install --no-install-recommends two\n", output)

    def test_goes_through_sudo_where_it_may(self):
        self.write("fake/uid", "1000\n")
        self.write("fake/may_sudo", "")
        code, output, _ = self.run_setup()
        self.assertEqual(code, 0, output)
        self.assertTrue(output.endswith("setup: everything is there\n"))


if __name__ == "__main__":
    unittest.main()
