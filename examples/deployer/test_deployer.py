"""Does our deployer notice that it is shown yesterday's image?"""

import pytest
from deployer import deploy


def test_yesterdays_image_is_not_deployed(trust_repository, tmp_path):
    trust_repository.publish({"acme/app:1.4": b"vulnerable"})
    trust_repository.publish({"acme/app:1.4": b"fixed"})
    deploy("acme/app:1.4", trust_repository.url, trust_repository.root, tmp_path)

    trust_repository.replay()  # everything as it was, with all its signatures

    with pytest.raises(Exception, match="replaying old metadata"):
        deploy("acme/app:1.4", trust_repository.url, trust_repository.root, tmp_path)
