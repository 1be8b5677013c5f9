namespace Hypervisor.Tests.Models.Ahci;

/// <summary>
/// An index and a data register through which the others are reached without memory (AHCI 1.3.1 §2.4.1), somewhere among registers of which nothing else exists. What has several such
/// faces has one index for all.
/// </summary>
internal sealed class AhciIndexData(AhciController controller, int length, int place) : IPciRegion
{
    private const uint IndexMask = 0xFFC;
    private const int RegisterSize = 4;

    public int Length => length;

    public ulong Read(int offset, int size)
    {
        int at = offset - place;
        return at switch
        {
            >= 0 and < RegisterSize => (controller.Index >> (at * 8)) & (uint.MaxValue >> ((4 - size) * 8)),
            >= RegisterSize and < 2 * RegisterSize => controller.Read((int)controller.Index + at - RegisterSize, size),
            _ => 0,
        };
    }

    public void Write(int offset, int size, ulong value)
    {
        int at = offset - place;
        if (at is >= 0 and < RegisterSize)
        {
            uint mask = (uint.MaxValue >> ((4 - size) * 8)) << (at * 8);
            controller.Index = ((controller.Index & ~mask) | (((uint)value << (at * 8)) & mask)) & IndexMask;
        }
        else if (at is >= RegisterSize and < 2 * RegisterSize)
        {
            controller.Write((int)controller.Index + at - RegisterSize, size, value);
        }
    }
}
