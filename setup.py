"""What setup.cfg cannot say: small reference models are installed with the package, as `egan_tf/models`."""

from setuptools import find_packages, setup

INSTALLED = ("ring8", "grid25", "digits", "digits_conditional")
"""Of `saved_models/reference`; the others are in the repository and in the sdist."""

setup(
    packages=[*find_packages(include=["egan_tf*"]), "egan_tf.models"],
    package_dir={"egan_tf.models": "saved_models/reference"},
    package_data={"egan_tf.models": [f"{name}/**" for name in INSTALLED]},
)
