using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Hypervisor.Core.Mediation;
using Microsoft.Extensions.DependencyInjection;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>What the container would make, in an order in which plain constructors can make it.</summary>
public sealed class CompositionPlan
{
    private readonly List<(Type Type, Type[] Dependencies)> _objects = [];
    private readonly List<Type> _mediators = [];

    private CompositionPlan()
    {
    }

    /// <summary>Every object: its class and what its constructor takes. Dependencies come first.</summary>
    public IReadOnlyList<(Type Type, Type[] Dependencies)> Objects => _objects;

    /// <summary>The mediators, in the order of their registration.</summary>
    public IReadOnlyList<Type> Mediators => _mediators;

    /// <summary>Reads the registrations.</summary>
    /// <exception cref="InvalidOperationException">Something is registered in a way that constructors alone cannot follow, or not at all.</exception>
    public static CompositionPlan From(IServiceCollection services)
    {
        using (services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }))
        {
            // Building it is the check: everything a constructor takes is there.
        }

        CompositionPlan plan = new();
        foreach (Type type in services.Where(s => s.ImplementationType != null).Select(s => s.ImplementationType!))
        {
            plan.Add(type, services, []);
        }

        return plan;
    }

    private void Add(Type type, IServiceCollection services, Type[] under)
    {
        if (_objects.Any(o => o.Type == type))
        {
            return;
        }

        if (under.Contains(type))
        {
            throw new InvalidOperationException($"{type} depends on itself, by way of {string.Join(", ", under.Select(u => u.Name))}.");
        }

        ConstructorInfo constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length)
            ?? throw new InvalidOperationException($"{type} has no public constructor.");
        Type[] dependencies = [.. constructor.GetParameters().Select(p => Implementation(p.ParameterType, services))];
        Array.ForEach(dependencies, d => Add(d, services, [.. under, type]));
        _objects.Add((type, dependencies));
        if (typeof(Mediator).IsAssignableFrom(type))
        {
            _mediators.Add(type);
        }
    }

    private static Type Implementation(Type service, IServiceCollection services) =>
        services.LastOrDefault(s => s.ServiceType == service)?.ImplementationType
        ?? throw new InvalidOperationException($"{service} is not registered as a class: the image can make classes only.");
}
