namespace Hypervisor.Devices.Ahci;

/// <summary>Sets of slots, a bit for each.</summary>
internal static class SlotMask
{
    /// <summary>Number of the lowest slot of a set.</summary>
    /// <param name="slots">Not empty.</param>
    internal static int Lowest(uint slots)
    {
        int slot = 0;
        for (uint left = slots; (left & 1) == 0; left >>= 1)
        {
            slot++;
        }

        return slot;
    }
}
