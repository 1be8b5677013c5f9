using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>A command of the host's own by which a disk says who it is. What the guest could notice of it is put back, but for PxTFD and PxCMD.CCS, which cannot be written.</summary>
internal static class DiskQuestion
{
    private const int Slot = 0;

    // The areas where frames of the kinds go that answer it: PIO Setup, Register (AHCI 1.3.1 §4.2.1). What follows are Set Device Bits, which may come of themselves.
    private const int AnswerOffset = 0x20;
    private const int AnswerEnd = 0x54;

    // PxIS: DHRS, PSS, DPS, IPMS, OFS, INFS (AHCI 1.3.1 §3.3.5).
    private const uint Answers = (1u << 0) | (1u << 1) | (1u << 5) | (1u << 23) | (1u << 24) | (1u << 26) | AhciRegister.ErrorInterrupts;


    /// <summary>Asks. The port's interrupts are off meanwhile.</summary>
    /// <param name="port">The port.</param>
    /// <param name="behind">The port of a port multiplier.</param>
    /// <param name="command">IDENTIFY DEVICE or IDENTIFY PACKET DEVICE.</param>
    /// <returns>Whether there is an answer.</returns>
    internal static bool TryAsk(in PortAccess port, int behind, byte command)
    {
        GovernedMemory.Identify(port.Host, port.State.Place).Clear();
        Build(port, behind, command);
        bool isSwitched = port.Controller.Capabilities.HasFisSwitching
            && (port.Read(AhciRegister.FisSwitching) & AhciRegister.FisSwitchingEnabled) != 0;
        Span<byte> kept = GovernedMemory.Received(port.Host, port.State.Place);
        Span<byte> received = port.Host.Memory(port.State.Received + (uint)(isSwitched ? behind * kept.Length : 0), kept.Length);
        if (!received.IsEmpty)
        {
            received.CopyTo(kept);
        }

        uint enabled = port.Read(AhciRegister.PortInterruptEnable);
        uint before = port.Read(AhciRegister.PortInterruptStatus);
        port.Write(AhciRegister.PortInterruptEnable, 0);
        port.Write(AhciRegister.CommandIssue, 1u << Slot);
        bool fine = WaitEnded(port, before) && !HasFailed(port, before);
        if (!fine && PortPoll.Stop(port))
        {
            PortPoll.Start(port);
        }

        uint after = port.Read(AhciRegister.PortInterruptStatus);
        port.Write(AhciRegister.PortInterruptStatus, after & ~before & Answers);
        port.Write(AhciRegister.PortInterruptEnable, enabled);
        if (!received.IsEmpty)
        {
            kept.Slice(AnswerOffset, AnswerEnd - AnswerOffset).CopyTo(received.Slice(AnswerOffset));
        }

        return fine;
    }

    private static bool WaitEnded(in PortAccess port, uint before)
    {
        for (int i = 0; i < PortPoll.CommandReads; i++)
        {
            if (port.Read(AhciRegister.CommandIssue) == 0)
            {
                return true;
            }

            // After an error the command stays issued until the port is stopped (AHCI 1.3.1 §6.2.2).
            if (HasFailed(port, before))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>
    /// By the interrupt status: the task file may tell of an older error. An error that the guest has left standing is none of this command; where the same one comes again, only the time
    /// it takes tells of it.
    /// </summary>
    private static bool HasFailed(in PortAccess port, uint before) =>
        (port.Read(AhciRegister.PortInterruptStatus) & ~before & AhciRegister.ErrorInterrupts) != 0;

    private static void Build(in PortAccess port, int behind, byte command)
    {
        int offset = GovernedMemory.TableOf(port.State.Place, Slot);
        Span<byte> table = port.Host.OwnMemory.Slice(offset, CommandCheck.PrdtOffset + AhciPrd.Size);
        table.Clear();
        new CommandFis(table).Set(command, behind);
        AhciPrd prd = new(port.Host.OwnMemoryAddress + (uint)GovernedMemory.IdentifyOf(port.State.Place), IdentifyData.Size);
        prd.Write(Words.Quads(table.Slice(CommandCheck.PrdtOffset)), 0);
        AhciCommandHeader.For(behind).With(port.Host.OwnMemoryAddress + (uint)offset, 1, 0).Write(port.OwnList, Slot);
    }
}
