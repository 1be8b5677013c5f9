using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Leads accesses to registers, whichever way they came, to those who look at the port.</summary>
internal sealed class AhciRouter
{
    private readonly AhciControllers _controllers;
    private readonly AhciRegisters _registers;
    private readonly AhciWatcher _watcher;
    private readonly AhciGovernor _governor;

    internal AhciRouter(AhciControllers controllers, AhciRegisters registers, AhciWatcher watcher, AhciGovernor governor)
    {
        _controllers = controllers;
        _registers = registers;
        _watcher = watcher;
        _governor = governor;
    }

    /// <summary>An access to the registers behind ABAR.</summary>
    internal Verdict Handle(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (access.IsInDword)
        {
            return HandleDword(host, controller, ref access);
        }

        if (!access.IsWrite && !_controllers[controller].MayBeGoverned)
        {
            return Verdict.Pass;
        }

        for (int done = 0; done < access.Size;)
        {
            AhciAccess part = access.Part(done);
            switch (HandleDword(host, controller, ref part))
            {
                case Verdict.Pass:
                    _registers.Perform(host, _controllers[controller], ref part);
                    break;
                case Verdict.Deny:
                    part.Value = ulong.MaxValue;
                    break;
                default:
                    break;
            }

            access.Put(part, done);
            done += part.Size;
        }

        return Verdict.Done;
    }

    /// <summary>An access within one register.</summary>
    internal Verdict HandleDword(MediatorHost host, int controller, ref AhciAccess access) => _controllers[controller].MayBeGoverned
        ? Govern(host, controller, ref access)
        : Watch(host, controller, access);

    private Verdict Watch(MediatorHost host, int controller, in AhciAccess access)
    {
        if (!access.IsWrite)
        {
            return Verdict.Pass;
        }

        if (AhciRegister.IsPort(access.Offset))
        {
            return _watcher.Write(host, controller, AhciRegister.PortOf(access.Offset), access) ? Verdict.Pass : Verdict.Done;
        }

        if (Resets(access))
        {
            _controllers.Forget(controller);
        }

        return Verdict.Pass;
    }

    /// <summary>With rules nothing is left to be done after this: between a verdict and an access others of the guest's processors could change what it was founded on.</summary>
    private Verdict Govern(MediatorHost host, int controller, ref AhciAccess access)
    {
        ref AhciController owner = ref _controllers[controller];
        if (!AhciRegister.IsPort(access.Offset))
        {
            GovernGlobal(host, controller, ref access);
            return Verdict.Done;
        }

        int number = AhciRegister.PortOf(access.Offset);
        bool isGoverned = (owner.Governed >> number & 1) != 0;
        bool isRefused = isGoverned ? !_controllers.Port(controller, number).HasPlace : (owner.Concerned >> number & 1) != 0;
        if (isRefused)
        {
            return Verdict.Deny; // a port that the controller says it does not have, but may have all the same, is among these
        }

        if (!access.IsWrite)
        {
            uint value = isGoverned
                ? _governor.Read(host, controller, number, AhciRegister.InPort(access.Offset))
                : _registers.Read(host, owner, access.Register);
            access.Value = value >> access.Shift;
        }
        else if (isGoverned)
        {
            _governor.Write(host, controller, number, access);
        }
        else if (_watcher.Write(host, controller, number, access))
        {
            _registers.Perform(host, owner, ref access);
        }

        return Verdict.Done;
    }

    private void GovernGlobal(MediatorHost host, int controller, ref AhciAccess access)
    {
        ref AhciController owner = ref _controllers[controller];
        if (access.IsWrite)
        {
            _registers.Perform(host, owner, ref access);
            if (Resets(access))
            {
                _governor.Reset(host, controller);
                _controllers.Forget(controller);
            }

            owner.IsKnown &= !Resets(access) && access.Register != AhciRegister.PortsImplemented; // which ports there are is asked again
            return;
        }

        uint value = _registers.Read(host, owner, access.Register);
        if (access.Register == AhciRegister.InterruptStatus)
        {
            _governor.PumpAll(host, controller); // whatever it tells of has been ended before the guest knows
        }
        else if (access.Register == AhciRegister.Capabilities)
        {
            value = new AhciCapabilities(value).WithoutFisSwitching().Value;
        }

        access.Value = value >> access.Shift;
    }

    private static bool Resets(in AhciAccess access) => access.Register == AhciRegister.GlobalControl && new AhciGlobalControl(access.Write.Value).Resets;
}
