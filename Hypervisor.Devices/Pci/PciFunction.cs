using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>A function as its mediator handles it.</summary>
public readonly struct PciFunction
{
    private readonly PciBarClaims _claims;
    private readonly PciFunctions _functions;
    private readonly int _index;

    internal PciFunction(PciBarClaims claims, PciFunctions functions, int index)
    {
        _claims = claims;
        _functions = functions;
        _index = index;
    }

    /// <summary>Where it answers.</summary>
    public PciAddress Address => new(_functions[_index].Address);

    /// <summary>
    /// Claims the memory or the ports a base address register points to, for the caller. The claim moves with the register. One that only watches is not in force while the space is switched off,
    /// here or at a bridge above, or while the guest asks for the size of memory. A strict one is in force wherever the register points, before it does; where it cannot be made, the space stays off.
    /// </summary>
    /// <param name="caller">The host of the function's mediator.</param>
    /// <param name="bar">0 to 5, for a 64-bit register the lower one's; 6 for the expansion ROM.</param>
    /// <param name="tag">Comes back in requests.</param>
    /// <param name="form">Which accesses to memory the mediator sees; to ports all. Whether it is strict counts for both.</param>
    /// <returns>False where there is no such register.</returns>
    public bool ClaimBar(MediatorHost caller, int bar, uint tag, MemoryForm form = default) =>
        _claims.Want(caller, _index, bar, caller.Number, tag, wanted: true, form);

    /// <summary>Gives the claim back.</summary>
    public void ReleaseBar(MediatorHost caller, int bar) => _claims.Want(caller, _index, bar, caller.Number, 0, wanted: false, default);

    /// <summary>What a base address register points to.</summary>
    /// <param name="bar">As for <see cref="ClaimBar"/>.</param>
    /// <param name="address">First byte or port.</param>
    /// <param name="size">Number of them; 0 where there is no such register.</param>
    /// <param name="isIo">Whether they are ports.</param>
    /// <returns>Whether it is claimed at present, and the function answers there.</returns>
    public bool GetBar(int bar, out ulong address, out ulong size, out bool isIo)
    {
        ref PciFunctionRecord record = ref _functions[_index];
        if (!record.IsUsed || record.Bars < 0)
        {
            address = 0;
            size = 0;
            isIo = false;
            return false;
        }

        ref PciBar found = ref _claims.Bars[record.Bars, bar];
        address = found.Address;
        size = found.Size;
        isIo = found.IsIo;
        return found.IsClaimed && found.Answers;
    }
}
