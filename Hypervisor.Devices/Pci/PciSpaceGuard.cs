using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Keeps I/O Space or Memory Space of a function off while something there has to be claimed and cannot be: what nobody stands before must not answer. The guest sees the bit as it has written it, and
/// it comes on as soon as the claims are made.
/// </summary>
internal sealed class PciSpaceGuard
{
    private const int MostComplaints = 16; // a guest that tries again and again does not fill the log

    private const ushort NotThere = ushort.MaxValue;

    private readonly PciConfiguration _configuration;
    private readonly PciBars _bars;
    private int _complaints;

    internal PciSpaceGuard(PciConfiguration configuration, PciBars bars)
    {
        _configuration = configuration;
        _bars = bars;
    }

    /// <summary>Switches off what must not answer, and on what was kept off and may.</summary>
    /// <returns>Whether it had to.</returns>
    internal bool HasSwitched(MediatorHost caller, ref PciFunctionRecord record)
    {
        PciSpaces barred = Barred(record);
        PciSpaces off = new PciCommand(record.Command).Spaces & barred;
        PciSpaces on = record.IsStale ? PciSpaces.None : record.Withheld & ~barred;
        if ((off | on) == PciSpaces.None || !record.IsPlaced)
        {
            return false; // one that is not placed can be reached by nobody
        }

        PciAddress address = new(record.Address);
        ushort now = (ushort)_configuration.Read(caller, address, PciRegister.Command, sizeof(ushort)); // one that has been reset has lost what is known
        if (now == NotThere)
        {
            return false;
        }

        PciCommand command = new PciCommand(now).With(on).Without(off);
        record.Withheld = (record.Withheld | off) & barred;
        record.Command = command.Value;
        _configuration.Write(caller, address, PciRegister.Command, sizeof(ushort), command.Value);
        Complain(caller, record, off);
        return true;
    }

    /// <summary>Takes out of a write to the command register what must not be switched on.</summary>
    internal void Filter(MediatorHost caller, ref PciFunctionRecord record, ref PciGuestAccess access)
    {
        if (access.Offset != PciRegister.Command)
        {
            return; // the byte with the switches is not written
        }

        PciSpaces refused = new PciCommand(access.Value).Spaces & Barred(record);
        PciSpaces before = record.Withheld;
        record.Withheld = refused;
        access.Value &= ~(uint)refused;
        Complain(caller, record, refused & ~before);
    }

    /// <summary>Shows the guest what it has written.</summary>
    internal static void Show(in PciFunctionRecord record, ref PciGuestAccess access)
    {
        if (access.Offset == PciRegister.Command && !access.IsUncertain)
        {
            access.Value |= (uint)record.Withheld;
        }
    }

    /// <summary>Says that a register's range is not claimed.</summary>
    internal void Complain(MediatorHost caller, in PciFunctionRecord record, ref PciBar bar)
    {
        if (bar.HasComplained || _complaints == MostComplaints)
        {
            return;
        }

        bar.HasComplained = true;
        _complaints++;
        int number = bar.Kind == PciBarKind.Rom ? PciLayout.RomBar : (bar.Offset - PciRegister.FirstBar) / sizeof(uint);
        caller.Log(bar.IsStrict ? LogLevel.Error : LogLevel.Warning).Pci(new PciAddress(record.Address)).Text(": base address register "u8).Decimal((uint)number)
            .Text(" cannot be claimed: "u8).Text(ClaimProblemText.Of(bar.Problem))
            .Text(!bar.IsStrict ? "; it is not watched"u8 : bar.IsIo ? "; I/O Space stays off until it can"u8 : "; Memory Space stays off until it can"u8).End();
    }

    private void Complain(MediatorHost caller, in PciFunctionRecord record, PciSpaces spaces)
    {
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            ref PciBar bar = ref _bars[record.Bars, i];
            if (bar.IsBarred && (bar.Space & spaces) != PciSpaces.None)
            {
                Complain(caller, record, ref bar);
            }
        }
    }

    /// <summary>The spaces in which something is not claimed that has to be.</summary>
    private PciSpaces Barred(in PciFunctionRecord record)
    {
        PciSpaces barred = record.IsShut ? PciSpaces.All : PciSpaces.None;
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            ref PciBar bar = ref _bars[record.Bars, i];
            barred |= bar.IsBarred ? bar.Space : PciSpaces.None;
        }

        return barred;
    }
}
