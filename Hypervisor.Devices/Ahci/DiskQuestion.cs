using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>A command of the host's own by which a disk says who it is. What the guest could notice of it is put back, but for PxTFD and PxCMD.CCS, which cannot be written.</summary>
internal sealed class DiskQuestion
{
    private const int Slot = 0;

    // The areas where frames of the kinds go that answer it: PIO Setup, Register (AHCI 1.3.1 §4.2.1). What follows are Set Device Bits, which may come of themselves.
    private const int AnswerOffset = 0x20;
    private const int AnswerEnd = 0x54;

    // PxIS: DHRS, PSS, DPS, IPMS, OFS, INFS (AHCI 1.3.1 §3.3.5).
    private const uint Answers = (1u << 0) | (1u << 1) | (1u << 5) | (1u << 23) | (1u << 24) | (1u << 26) | AhciRegister.ErrorInterrupts;

    private readonly AhciRegisters _registers;
    private readonly PortPoll _poll;

    internal DiskQuestion(AhciRegisters registers, PortPoll poll)
    {
        _registers = registers;
        _poll = poll;
    }

    /// <summary>Asks. The port's interrupts are off meanwhile.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="number">The port.</param>
    /// <param name="port">Its state.</param>
    /// <param name="behind">The port of a port multiplier.</param>
    /// <param name="command">IDENTIFY DEVICE or IDENTIFY PACKET DEVICE.</param>
    /// <returns>Whether there is an answer.</returns>
    internal bool TryAsk(MediatorHost host, in AhciController controller, int number, in AhciPort port, int behind, byte command)
    {
        GovernedMemory.Identify(host, port.Place).Clear();
        Build(host, port, behind, command);
        bool isSwitched = controller.Capabilities.HasFisSwitching
            && (_registers.ReadPort(host, controller, number, AhciRegister.FisSwitching) & AhciRegister.FisSwitchingEnabled) != 0;
        Span<byte> kept = GovernedMemory.Received(host, port.Place);
        Span<byte> received = host.Memory(port.Received + (uint)(isSwitched ? behind * kept.Length : 0), kept.Length);
        if (!received.IsEmpty)
        {
            received.CopyTo(kept);
        }

        uint enabled = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptEnable);
        uint before = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptEnable, 0);
        _registers.WritePort(host, controller, number, AhciRegister.CommandIssue, 1u << Slot);
        bool fine = WaitEnded(host, controller, number, before) && !HasFailed(host, controller, number, before);
        if (!fine && _poll.Stop(host, controller, number))
        {
            _poll.Start(host, controller, number);
        }

        uint after = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptStatus, after & ~before & Answers);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptEnable, enabled);
        if (!received.IsEmpty)
        {
            kept.Slice(AnswerOffset, AnswerEnd - AnswerOffset).CopyTo(received.Slice(AnswerOffset));
        }

        return fine;
    }

    private bool WaitEnded(MediatorHost host, in AhciController controller, int number, uint before)
    {
        for (int i = 0; i < PortPoll.CommandReads; i++)
        {
            if (_registers.ReadPort(host, controller, number, AhciRegister.CommandIssue) == 0)
            {
                return true;
            }

            // After an error the command stays issued until the port is stopped (AHCI 1.3.1 §6.2.2).
            if (HasFailed(host, controller, number, before))
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
    private bool HasFailed(MediatorHost host, in AhciController controller, int number, uint before) =>
        (_registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus) & ~before & AhciRegister.ErrorInterrupts) != 0;

    private static void Build(MediatorHost host, in AhciPort port, int behind, byte command)
    {
        int offset = GovernedMemory.TableOf(port.Place, Slot);
        Span<byte> table = host.OwnMemory.Slice(offset, CommandCheck.PrdtOffset + AhciPrd.Size);
        table.Clear();
        new CommandFis(table).Set(command, behind);
        AhciPrd prd = new(host.OwnMemoryAddress + (uint)GovernedMemory.IdentifyOf(port.Place), IdentifyData.Size);
        Span<ulong> prdt = Words.Quads(table.Slice(CommandCheck.PrdtOffset));
        prdt[0] = prd.Low;
        prdt[1] = prd.High;
        AhciCommandHeader.For(behind).Plain(host.OwnMemoryAddress + (uint)offset, 1).Write(GovernedMemory.List(host, port.Place), Slot);
    }
}
