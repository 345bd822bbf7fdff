"""What setup.cfg cannot say: reference models are installed with the package, as `egan_tf/models`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["egan_tf*"]), "egan_tf.models"],
    package_dir={"egan_tf.models": "saved_models/reference"},
)
