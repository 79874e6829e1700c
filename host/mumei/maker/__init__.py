"""The card maker: master keys, and the keys that each new card begins with."""
