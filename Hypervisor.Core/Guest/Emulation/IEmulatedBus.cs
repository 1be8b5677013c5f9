using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>What stands behind trapped pages. The members are static and abstract: the emulator is compiled for each bus, so no call goes through a table.</summary>
public unsafe interface IEmulatedBus
{
    /// <summary>Whether accesses to the page that holds an address are the bus's. All others go to memory as the guest sees it.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="physical">Guest-physical address of any byte of the page.</param>
    static abstract bool IsTrapped(ProcessorData* processor, ulong physical);

    /// <summary>Reads from a trapped page. What an instruction reads is read once, in ascending order, in as few pieces as there can be.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="physical">Guest-physical address; the guest need not align it, but no access leaves its page.</param>
    /// <param name="size">Bytes: 1, 2, 4 or 8.</param>
    /// <returns>The value; bits above <paramref name="size"/> do not matter.</returns>
    static abstract ulong Read(ProcessorData* processor, ulong physical, int size);

    /// <summary>Writes to a trapped page, as <see cref="Read"/> reads.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="physical">Guest-physical address.</param>
    /// <param name="size">Bytes: 1, 2, 4 or 8.</param>
    /// <param name="value">The value, zero-extended.</param>
    static abstract void Write(ProcessorData* processor, ulong physical, int size, ulong value);
}
